#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The conformance suite on a plugin that is wrong in one way each: it ends, with exit code 1, has judged every test
that it lists, says in a sentence what is wrong, and leaves no process and no file behind.

    judge.py --suite PROGRAM --plugin LIBRARY [--sample N] {ways,slots,answers,results,runs}

ways: what a call may do to its process; slots: each function missing; answers and results: nonsense in each field and
each value that a plugin gives; runs: crashes and hangs in certain tests, with --jobs, --shard and --resume.
With --sample N every N-th case alone.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
SUITE = HERE.parent.parent / "suite"
BAD = {"failed", "crashed", "hung", "not_run"}
TESTS = "ErrorTest.*:EventTest.*:MapTest.*:Plugin.*"  # Some call event_query, and others do not.
# By name: of a pattern that may mean operators the suite would first make all their cases.
BASE = ":".join(sorted({f"{group}.*" for file in (SUITE.parent / "base").glob("*.cc")
                        for group in re.findall(r"TEST_F\((\w+),", file.read_text())})) + ":Plugin.*"

# What of the plugin is called: what comes of the tests that call it, and what is said. None: nothing is wrong.
WAYS = {
    "crash": ("crashed", "signal 11 (Segmentation fault)"),
    "bus": ("crashed", "signal 7 (Bus error)"),
    "divide": ("crashed", "signal 8 (Floating point exception)"),
    "illegal": ("crashed", "signal 4 (Illegal instruction)"),
    "abort": ("crashed", "signal 6 (Aborted)"),
    "assert": ("crashed", "acme: assertion `queue != NULL' failed"),
    "terminate": ("crashed", "signal 6 (Aborted)"),
    "throw": ("failed", "acme: out of luck"),
    "throw_int": ("failed", "Unknown C++ exception"),
    "stack": ("crashed", "signal 11 (Segmentation fault)"),
    "exit_0": ("crashed", "exit code 0, which no plugin may"),
    "exit_1": ("crashed", "exit code 1, which no plugin may"),
    "exit_at_once": ("crashed", "exit code 0, which no plugin may"),
    "quick_exit": ("crashed", "exit code 0, which no plugin may"),
    "killed": ("crashed", "signal 9 (Killed), not by the suite: memory ran out"),
    "kill_group": ("crashed", "signal 15 (Terminated)"),
    "stop": ("hung", "blocked"),
    "hang": ("hung", "blocked"),
    "deaf": ("hung", "blocked"),
    "spin": ("hung", "using a processor"),
    "spin_elsewhere": ("hung", "using a processor"),
    "close_files": ("failed", "closed its host's standard output"),
    "close_output": ("failed", "closed its host's standard output"),
    "directory": ("failed", "changed its host's working directory"),
    "no_signals": ("crashed", "exit code 0, which no plugin may"),
    "print": None,
    "daemon": None,
    "crash_later": ("crashed", "signal 11 (Segmentation fault)"),
    "crash_at_exit": ("crashed", "signal 11 (Segmentation fault) while ending the process"),
    "hang_at_exit": ("hung", "blocked while ending the process"),
}
# Ways at other places than in a test: what is said of Plugin.opens or Plugin.closes.
PLACES = {
    "load=crash": ("Plugin.opens", "while opening the plugin"),
    "load=hang": ("Plugin.opens", "blocked while opening the plugin"),
    "entry=exit_0": ("Plugin.opens", "exit code 0, which no plugin may while opening the plugin"),
    "entry=throw": ("Plugin.opens", "threw an exception: acme: out of luck"),
    "status=tn_plugin_entry:0x801": ("Plugin.opens", "its tn_plugin_entry answered 0x801"),
    "call=instance_create:abort": ("Plugin.opens", "while opening the plugin"),
    "call=instance_device_count:spin": ("Plugin.opens", "while counting the plugin's devices"),
    "result=instance_device_count:zero": ("Plugin.opens", "the plugin has 0 devices"),
    "call=device_open:crash": ("Plugin.opens", "while opening the device"),
    "status=device_open:0x600": ("Plugin.opens", "opening the device: TN_DEVICE_LOST, without a message"),
    "result=device_open:zero": ("Plugin.opens", "gave no device"),
    "call=device_get_info:crash": ("Plugin.opens", "while asking the device about itself"),
    "call=device_get_operators:crash": ("Plugin.opens", "while reading the device's table of operators"),
    "call=device_close:crash": ("Plugin.closes", "while closing the device"),
    "call=instance_destroy:hang": ("Plugin.closes", "blocked while closing the plugin"),
    "unload=crash": ("Plugin.closes", "while ending the process"),
}
# Fields in which the nonsense is no nonsense, or hosts make nothing of it.
MAY_BE = {
    "tn_error.node:zero": "no node", "tn_error.node:ones": "no node", "tn_error.node:low": "any number",
    "tn_error.vendor_code:zero": "none", "tn_error.vendor_code:ones": "any", "tn_error.vendor_code:low": "any",
    "tn_error.rule:zero": "no rule is named",
    "tn_plugin.abi_minor:zero": "any minor version", "tn_plugin.abi_minor:ones": "any minor version",
    "tn_plugin.abi_major:zero": "is 0 just now",
    "tn_plugin.version:zero": "no version",
    "tn_device_info.vendor:zero": "no vendor", "tn_device_info.physical_id:zero": "unknown",
    "tn_device_info.uuid:ones": "any bytes", "tn_device_info.total_memory:zero": "unknown",
    "tn_device_info.total_memory:ones": "any number",
    "tn_device_info.max_allocation:ones": "no bound", "tn_device_info.flags:zero": "none",
    "tn_device_info.reserved:zero": "must be",
    "tn_operator_entry.domain:ones": "no text",
    "tn_buffer_info.address:zero": "none to offer", "tn_buffer_info.kind:zero": "device memory",
    "tn_memory_info.deferred_bytes:zero": "nothing waits",
    "tn_argument_needs.requirements:zero": "nothing is asked for", "tn_argument_needs.alignment:zero": "likewise",
    "tn_argument_needs.layout:zero": "strided",
    "tn_kernel_info.resident_bytes:zero": "none", "tn_kernel_info.flags:zero": "may be",
    "tn_kernel_info.reserved:zero": "must be",
    "tn_constant_info.layout:zero": "strided",
}


class Case:
    """One run of the suite on the plugin that is wrong as `words` says."""

    def __init__(self, arguments, words, tests, *options):
        self.words = words
        self.plugin = arguments.plugin
        self.problems = []
        with tempfile.TemporaryDirectory() as folder:
            self.folder = pathlib.Path(folder)
            (self.folder / "run").mkdir()
            mark = f"{os.getpid()}-{words}-{time.monotonic_ns()}"
            self.environment = {**os.environ, "TENON_BRINGUP": words, "TENON_BRINGUP_MARK": mark,
                                "TENON_BRINGUP_COUNTER": str(self.folder / "counter"),
                                "TMPDIR": str(self.folder / "run")}
            self.suite = arguments.suite
            self.run(arguments, tests, options)
            self.want(not leftovers(mark), "left processes behind")
            self.want(not list((self.folder / "run").iterdir()), "left files behind")

    def call(self, *options):
        return subprocess.run([self.suite, self.plugin, *options], env=self.environment, cwd=self.folder / "run",
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
                              timeout=280)

    def run(self, arguments, tests, options):
        report = self.folder / "report.json"
        # What no test here takes that does not hang: others make operators' cases, for a second or two.
        limits = ["1.5", "2.5"] if tests != BASE else ["20", "20"]
        options = ["--timeout", limits[0], "--compile-timeout", limits[1], "--filter", tests, *options]
        try:
            self.listed = listed(arguments, options)
            done = self.call("--report", report, *options)
        except subprocess.TimeoutExpired:
            self.rows, self.code, self.said = {}, None, ""
            self.problems.append("the suite did not end")
            return
        self.code, self.said = done.returncode, done.stdout
        rows = json.loads(report.read_text())["tests"] if report.exists() else []
        self.rows = {row["test"]: (row["outcome"], "\n".join(row.get("messages", []))) for row in rows}
        self.want(rows, f"no report: exit code {self.code}: {done.stdout[-500:]}{done.stderr[-500:]}")
        missing = set(self.listed) - set(self.rows)
        self.want(not missing, f"not judged: {sorted(missing)[:5]}")
        self.want(len(rows) == len(self.rows), "a test was judged twice")
        for test, (outcome, why) in self.rows.items():
            self.want(outcome == "passed" or why, f"{test} is {outcome}, and nothing says why")

    def want(self, good, problem):
        if not good:
            self.problems.append(problem)

    def of(self, *outcomes):
        return [test for test, (outcome, _) in self.rows.items() if outcome in outcomes]

    def want_bad(self):
        """Something is wrong, and the suite has lived to tell it."""
        self.want(self.code == 1, f"exit code {self.code}")
        self.want(self.of("failed", "crashed", "hung"), "nothing is found wrong")

    def want_all(self, outcome, text, tests):
        for test in tests:
            seen, why = self.rows.get(test, ("missing", ""))
            self.want(seen == outcome and text in why, f"{test} is {seen}: {why[:200]}; not {outcome}: {text}")


LISTED = {}


def listed(arguments, options):
    """What there is to judge on a plugin that is sound: no less is judged on one that is not."""
    options = tuple(option for option in options if option not in ("--jobs", "2"))
    if options not in LISTED:
        done = subprocess.run([arguments.suite, arguments.plugin, "--list", *options], stdout=subprocess.PIPE, text=True,
                              timeout=280, check=True)
        LISTED[options] = done.stdout.split()
    return LISTED[options]


def leftovers(mark):
    """Processes of a run that are still there. Those that were killed may take a moment."""
    for _ in range(50):
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark.encode() in path.read_bytes():
                    found.append(path.parent.name)
            except OSError:
                continue
        if not found:
            return []
        time.sleep(0.1)
    for process in found:
        os.kill(int(process), signal.SIGKILL)
    return found


def of_way(arguments, way):
    case = Case(arguments, f"call=event_query:{way}", TESTS)
    expected = WAYS[way]
    if expected is None:
        case.want(case.code == 0, f"exit code {case.code}: {case.said[-300:]}")
        return case
    case.want_bad()
    outcome, text = expected
    bad = case.of(*BAD)
    if way in ("crash_later", "crash_at_exit", "hang_at_exit"):  # Whichever runs then, or none.
        case.want(any(case.rows[test][0] == outcome and text in case.rows[test][1] for test in bad), str(bad))
        return case
    if way.startswith("close") or way == "directory":
        bad = bad[:1]  # Once, in each process; then it is so.
    else:
        case.want({t for t in bad if not t.startswith("Plugin.")} == set(bad), f"{bad}")
        case.want(1 <= len(bad) <= 6, f"{len(bad)} tests are bad")
    case.want_all(outcome, text, bad)
    case.want(not any(test.startswith("MapTest.") for test in bad), "a test that does not call it is bad")
    case.want(len(case.of("passed")) > 10, "others have not been judged")
    return case


def of_place(arguments, words):
    case = Case(arguments, words, TESTS)
    case.want_bad()
    test, text = PLACES[words]
    case.want(text in case.rows.get(test, ("", ""))[1], f"{test}: {case.rows.get(test)}")
    if test == "Plugin.closes":
        case.want(len(case.of("passed")) > 15, "the tests have not been judged")
    return case


def of_words(arguments, words):
    case = Case(arguments, words, BASE)
    case.want_bad()
    crashed = case.of("crashed", "hung")
    if not words.endswith(":low"):  # Nobody can look at what a pointer to nowhere points to.
        case.want(len(crashed) <= 3, f"{len(crashed)} crash: the suite can say it better: {crashed[:5]}")
    return case


def of_answer(arguments, words):
    if words.removeprefix("answer=") not in MAY_BE:
        return of_words(arguments, words)
    case = Case(arguments, words, BASE)
    case.want(not case.of("crashed", "hung"), f"crashed: {case.of('crashed', 'hung')[:3]}")
    return case


# ---- Certain tests of a run ----

TWO = "call=stream_create@7:crash,call=stream_create@12:hang,call=stream_create@17:exit_0"


def check_two(case, count=1):
    """Of so many runs that count together."""
    case.want_bad()
    case.want(len(case.of("crashed")) == 2 * count, f"crashed: {case.of('crashed')}")
    case.want(len(case.of("hung")) == count, f"hung: {case.of('hung')}")
    case.want(not case.of("failed", "not_run"), f"{case.of('failed', 'not_run')}")


def two(arguments, *options):
    case = Case(arguments, TWO, "EventTest.*:MapTest.*:Plugin.*", *options)
    check_two(case)
    return case


def by_place(arguments):
    """In the order in which tests run, a stream each: the 7th and the 12th are named."""
    case = two(arguments)
    case.want(case.of("crashed")[:1] == case.listed[6:7], f"{case.of('crashed')}, not {case.listed[6]}")
    case.want(case.of("hung")[:1] == case.listed[11:12], f"{case.of('hung')}, not {case.listed[11]}")
    return case


def shards(arguments):
    """Each test is in one of three parts; their files, one behind the other, are the whole."""
    with tempfile.TemporaryDirectory() as folder:
        files = [pathlib.Path(folder) / f"{i}.jsonl" for i in (1, 2, 3)]
        cases = [Case(arguments, "", BASE, "--shard", f"{i}/3", "--resume", str(files[i - 1])) for i in (1, 2, 3)]
        together = pathlib.Path(folder) / "all.jsonl"
        together.write_text("".join(file.read_text() for file in files))
        whole = Case(arguments, "call=stream_create:crash", BASE, "--resume", str(together))
    counted = collections.Counter(test for case in cases for test in case.rows)
    whole.want(set(counted) == set(whole.rows), "the parts are not the whole")
    whole.want(max(counted.values()) == 1, "a test is in two parts")
    whole.want(min(len(case.rows) for case in cases) > len(counted) / 6, "a part is small")
    for case in [*cases, whole]:
        whole.want(case.code == 0, f"exit code {case.code}")
        whole.problems += case.problems if case is not whole else []
    return whole


def resume(arguments):
    """What is done is not done again; what was cut off is; another run's file is refused."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "results.jsonl"
        first = Case(arguments, TWO, TESTS, "--resume", str(file))
        again = Case(arguments, "", TESTS, "--resume", str(file))  # Would pass.
        again.want(again.rows == first.rows, "another result from the file")
        again.want(again.code == 1, f"exit code {again.code}")
        lines = file.read_text().splitlines(keepends=True)
        file.write_text("".join(lines[:5]) + lines[5][:10])
        rest = Case(arguments, "", TESTS, "--resume", str(file))
        rest.want(rest.code == 0, f"exit code {rest.code}: {rest.of(*BAD)}")
        rest.want(len(file.read_text().splitlines()) == len(lines), "the file is not whole again")
        other = subprocess.run([arguments.suite, arguments.plugin, "--seed", "9", "--filter", TESTS, "--resume", file],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        rest.want(other.returncode == 2 and "name another file" in other.stdout, other.stdout)
        rest.problems += first.problems + again.problems
        return rest


def interrupted(arguments):
    """Whoever ends the suite ends its children; what was done is in the file."""
    case = Case(arguments, "", "MapTest.*")
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "results.jsonl"
        mark = f"interrupted-{os.getpid()}"
        environment = {**case.environment, "TENON_BRINGUP": "call=event_query:hang", "TENON_BRINGUP_MARK": mark,
                       "TMPDIR": folder}
        for how in (signal.SIGTERM, signal.SIGKILL):
            process = subprocess.Popen([arguments.suite, arguments.plugin, "--filter", TESTS, "--resume", file],
                                       env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            begin = time.monotonic()
            while (not file.exists() or len(file.read_text().splitlines()) < 3) and time.monotonic() - begin < 60:
                time.sleep(0.05)
            process.send_signal(how)
            case.want(process.wait(30) == (2 if how == signal.SIGTERM else -how), f"ended with {process.returncode}")
            case.want(not leftovers(mark), f"processes are left behind {how}")
    return case


def slow(arguments):
    """Whoever compiles for long is not hung; whoever runs for long is."""
    case = Case(arguments, "call=kernel_create:work", "LayoutTest.*:MapTest.*", "--timeout", "1", "--compile-timeout",
                "100")
    case.want(case.code == 0, f"exit code {case.code}: {case.of(*BAD)}")
    late = Case(arguments, "call=buffer_map:work", "MapTest.TN_map_001*", "--timeout", "0.5")
    late.want_all("hung", "no end after", late.listed)
    case.problems += late.problems
    return case


def nowhere(arguments):
    """A typing error is no plugin that fails."""
    done = subprocess.run([arguments.suite, "/nowhere/acme.so"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)
    case = Case(arguments, "", "MapTest.*")
    case.want(done.returncode == 2 and "/nowhere/acme.so" in done.stdout, f"{done.returncode}: {done.stdout}")
    return case


RUNS = {
    "sound": lambda a: sound(a, BASE),
    "by_place": by_place,
    "jobs": lambda a: two(a, "--jobs", "2"),
    "shards": shards,
    "resume": resume,
    "interrupted": interrupted,
    "slow": slow,
    "nowhere": nowhere,
}


def sound(arguments, tests):
    case = Case(arguments, "", tests)
    case.want(case.code == 0, f"exit code {case.code}: {case.of(*BAD)}")
    return case


# ---- What there is ----

def macros(file, name):
    return re.findall(rf"^{name}\(([^)]*)\)", (SUITE / file).read_text(), re.M)


def kinds(type_name, field):
    """Of nonsense, by what the header says of the field."""
    header = re.sub(r"/\*.*?\*/", "", (HERE.parents[2] / "include/tenon/tenon.h").read_text(), flags=re.S)
    body = re.search(rf"struct {type_name} {{(.*?)}}", header, re.S).group(1)
    c_type, array = re.search(rf"^\s*([^;]*?)\b{field}(\[\w+\])?;", body, re.M).groups()
    if "char" in c_type:
        return ["zero", "endless", "bytes"] + (["low"] if "*" in c_type else [])
    if "*" in c_type:
        return ["zero", "low"]
    return ["zero", "ones"] + (["low"] if re.search(r"\bu?int|size_t", c_type) is None and not array else [])


def answers():
    for row in macros("answers.inc", "TN_ANSWER"):
        type_name, field = row.split(", ")
        yield from (f"answer={type_name}.{field}:{kind}" for kind in kinds(type_name, field))


def results():
    made = ["stream_create", "buffer_create", "event_create", "kernel_create"]
    for name in made:
        yield f"result={name}:zero"
        yield f"result={name}:low"
        yield f"status={name}:0x801"
        yield f"status={name}:0"
    for name in ("instance_device_count", "device_open"):
        yield from (f"result={name}:{kind}" for kind in ("ones", "low"))
    for name in ("Cast", "Identity"):
        yield f"drop={name}"


def cases(what):
    if what == "ways":
        return [(way, of_way) for way in WAYS] + [(words, of_place) for words in PLACES]
    if what == "slots":
        return [(f"slot={name}", of_words) for name in macros("needed_slots.inc", "TN_NEEDED_SLOT")]
    if what == "answers":
        return [(words, of_answer) for words in answers()]
    if what == "results":
        return [(words, of_words) for words in results()]
    return [(name, lambda a, n: RUNS[n](a)) for name in RUNS]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--suite", required=True, type=os.path.abspath)
    parser.add_argument("--plugin", required=True, type=os.path.abspath)
    parser.add_argument("--sample", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=min(4, os.cpu_count() or 1))
    parser.add_argument("--only", help="part of a case's name")
    parser.add_argument("what", choices=["ways", "slots", "answers", "results", "runs"])
    arguments = parser.parse_args()
    chosen = [row for row in cases(arguments.what)[:: arguments.sample] if (arguments.only or "") in row[0]]
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        judged = pool.map(lambda row: row[1](arguments, row[0]), chosen)
        for (name, _), case in zip(chosen, judged):
            counted = dict(collections.Counter(outcome for outcome, _ in case.rows.values()))
            print(f"{'ok' if not case.problems else 'WRONG':6}{name}: exit code {case.code}, {counted}", flush=True)
            bad += bool(case.problems)
            for problem in case.problems:
                print(f"        {problem}")
    print(f"{len(chosen)} plugins, of which {bad} are judged wrongly")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
