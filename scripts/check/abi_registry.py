#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""spec/generate_abi.py catches what it is there to catch: each test breaks a copy of spec/abi.yaml.

That the committed files are fresh and the registry is sound is checked in generated.py.
"""
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "spec"))
import generate_abi  # noqa: E402

TEXT = generate_abi.REGISTRY.read_text()
LOCK = generate_abi.LOCK.read_text()


def slot_of(name):
    return int(re.search(rf"- slot: (\d+)\n +name: {name}\n", TEXT).group(1))


class Registry(unittest.TestCase):
    def problems(self, *changes):
        text = TEXT
        for old, new in changes:
            self.assertIn(old, text, "the registry no longer has what this test breaks")
            text = text.replace(old, new, 1)
        return "\n".join(generate_abi.problems(text, LOCK))

    def test_committed_registry_is_sound(self):
        self.assertEqual(self.problems(), "")

    def test_missing_failure(self):
        found = self.problems(("dst_offset: [value, any, range]", "dst_offset: [value, any]"))
        self.assertIn("stream_copy(dst_offset): lacks failure", found)

    def test_missing_annotation(self):
        found = self.problems(("uint64_t src_offset: [value, any, range]", "uint64_t src_offset"))
        self.assertIn("stream_copy(src_offset): lacks owner, thread, failure", found)

    def test_missing_annotation_of_a_result(self):
        found = self.problems(("    result: [lent, any, optional]\n", ""))
        self.assertIn("tn_get_function: its result: lacks owner", found)

    def test_field_without_annotation(self):
        found = self.problems(("      is: [value, own, range, invalid]\n", ""))
        self.assertIn("tn_tensor.offset: lacks owner, thread, failure", found)
        found = self.problems(("      is: [value, own, range, invalid]\n", "      is: [value, own]\n"))
        self.assertIn("tn_tensor.offset: lacks failure", found)

    def test_lent_without_an_end(self):
        found = self.problems(("TN_BUFFER_COHERENT; valid until the buffer is destroyed.", "TN_BUFFER_COHERENT."))
        self.assertIn("tn_buffer_info.host_pointer: is lent, and no text says until when", found)
        found = self.problems((" Valid as long as libtenon is\n      loaded.", ""))
        self.assertIn("tn_get_function(its result): is lent, and no text says until when", found)

    def test_struct_without_text(self):
        found = self.problems(("    doc: How to make a buffer.\n", ""))
        self.assertIn("tn_buffer_desc: has no text", found)

    def test_unknown_word(self):
        self.assertIn("lnt is no owner", self.problems(("pointer: [lent,", "pointer: [lnt,")))

    def test_reordered_slots(self):
        here = slot_of("device_get_info")
        found = self.problems((f"slot: {here}\n", "slot: X\n"), (f"slot: {here + 1}\n", f"slot: {here}\n"),
                              ("slot: X\n", f"slot: {here + 1}\n"))
        self.assertIn(f"device_get_info: slot {here + 1} stands where {here} belongs", found)

    def test_slots_that_swapped_names(self):
        found = self.problems(("name: device_get_info", "name: X"),
                              ("name: stream_destroy", "name: device_get_info"),
                              ("name: X", "name: stream_destroy"))
        self.assertIn(f"no longer holds: slot {slot_of('device_get_info')} tn_status device_get_info", found)

    def test_optional_in_one_place_alone(self):
        found = self.problems(("name: event_signal\n        optional: true\n", "name: event_signal\n"))
        self.assertIn("event_signal: is optional in its slot or in the text", found)

    def test_removed_slot(self):
        last = slot_of("kernel_launch")
        start = TEXT.index(f"      - slot: {last}\n")
        end = TEXT.index("  - struct: tn_handle\n")
        found = self.problems((TEXT[start:end], ""), ('("tn_kernel_launch")', ""))
        self.assertIn(f"no longer holds: slot {last} tn_status kernel_launch", found)

    def test_changed_parameter(self):
        found = self.problems(("uint64_t src_offset: [", "int64_t src_offset: ["))
        self.assertIn(f"no longer holds: slot {slot_of('stream_copy')} tn_status stream_copy", found)

    def test_moved_field(self):
        kind = "    - tn_buffer_kind kind\n"
        after = "    - uint32_t alignment: \"Bytes of the buffer's"
        found = self.problems((kind, ""), (after, kind + after.replace("alignment", "moved")))
        self.assertIn("no longer holds: field tn_buffer_desc.alignment at 20", found)

    def test_functions_of_extensions(self):
        name = "    - slot: 1\n      name: peer_wait_event\n"
        found = self.problems((name, name.replace("slot: 1", "slot: 2")))
        self.assertIn("peer_wait_event: slot 2 stands where 1 belongs", found)
        found = self.problems((name, name.replace("peer_wait", "wait")))
        self.assertIn("peer: wait_event begins with peer_", found)
        found = self.problems(("- tn_event* event: [queued, any, peer]",
                               "- tn_stream* event: [queued, any, peer]"))
        self.assertIn("no longer holds: slot 1 of peer 1: tn_status peer_wait_event", found)

    def test_an_extension_without_version(self):
        found = self.problems(("  - extension: peer\n    version: 1\n", "  - extension: peer\n"))
        self.assertIn("peer: wants a version", found)

    def test_grown_frozen_struct(self):
        last = "    - int32_t rank: 0 to TN_MAX_RANK.\n      is: [value, own, invalid]\n"
        found = self.problems((last, last + "    - uint64_t more:\n      is: [value, own, any]\n"))
        self.assertIn("no longer holds: frozen tn_tensor 56", found)

    def test_changed_constant(self):
        found = self.problems(("TN_OVERLAP = 0x202", "TN_OVERLAP = 0x209"))
        self.assertIn("no longer holds: constant TN_OVERLAP 0x202", found)

    def test_unknown_name_in_a_text(self):
        found = self.problems(("errors: TN_OUT_OF_RANGE; TN_OVERLAP.", "errors: TN_OVERLAPS."))
        self.assertIn("TN_OVERLAPS: is mentioned", found)

    def test_output_handle_that_may_be_null(self):
        found = self.problems(("tn_event** event: [created, own, needed, cleared]",
                               "tn_event** event: [created, own, cleared]"))
        self.assertIn("event_create(event): an output handle is needed", found)

    def test_filled_but_const(self):
        found = self.problems(("- tn_memory_info* info: [filled", "- const tn_memory_info* info: [filled"))
        self.assertIn("device_get_memory(info): is filled, but const", found)

    def test_sized_without_a_size(self):
        found = self.problems(("tn_callback callback: [queued, foreign, needed]",
                               "tn_callback callback: [queued, foreign, sized]"))
        self.assertIn("stream_callback(callback): is sized, but there is neither size nor rank",
                      found)

    def test_list_that_nothing_counts(self):
        found = self.problems(("    - size_t attribute_count:\n", "    - size_t attributes_size:\n"))
        self.assertIn("tn_kernel_desc.attributes: a list wants a field that counts it", found)

    def test_flags_without_bits(self):
        found = self.problems(("flags: tn_event_desc.flags", "flags: tn_event_desc.options"))
        self.assertIn("tn_event_desc.flags: wants an item of kind flags", found)

    def test_new_field_at_the_end_is_fine_but_wants_the_lock(self):
        last = "    - const tn_graph* const* graphs:\n      is: [copied, own, unknown]\n"  # Of tn_attribute.
        text = TEXT.replace(last, last + "    - uint64_t more:\n      is: [value, own, any]\n", 1)
        self.assertNotEqual(text, TEXT)
        self.assertEqual(generate_abi.problems(text, LOCK), [])
        added = generate_abi.lock.added(generate_abi.model.read(text), LOCK)
        self.assertEqual(added, ["field tn_attribute.more at 72: uint64_t"])


class Layers(unittest.TestCase):
    """A change of the registry reaches the layers."""

    def written(self, *changes):
        text = TEXT
        for old, new in changes:
            self.assertIn(old, text, "the registry no longer has what this test changes")
            text = text.replace(old, new, 1)
        registry = generate_abi.model.read(text)
        return (generate_abi.validation_files.checks(registry, ""),
                generate_abi.trace_files.printers(registry, ""))

    def test_every_slot_is_checked_and_printed(self):
        checks, printers = self.written()
        for f in generate_abi.model.read(TEXT).dispatch.slots:
            if f.wrapped:
                self.assertIn(f"  table->{f.name} = {f.name};", checks)
                self.assertIn(f'  Span span("tn_{f.name}", ', printers)

    def test_annotations_decide_what_is_checked(self):
        line = '  call.needed(pattern, Path("pattern"));'
        self.assertIn(line, self.written()[0])
        checks, _ = self.written(("const void* pattern: [borrowed, own, needed]",
                                  "const void* pattern: [borrowed, own, any]"))
        self.assertNotIn(line, checks)

    def test_new_value_is_known_and_named(self):
        checks, printers = self.written((
            "    - TN_MATH_BF16 = 3: Likewise, to bfloat16.\n",
            "    - TN_MATH_BF16 = 3\n    - TN_MATH_FP8 = 4\n"))
        self.assertIn("case TN_MATH_FP8:", checks)
        self.assertIn('return "TN_MATH_FP8";', printers)

    def test_new_field_is_checked_and_printed(self):
        checks, printers = self.written((
            "    - size_t attribute_count:\n",
            "    - tn_stream* near\n    - size_t attribute_count:\n"))
        self.assertIn('call.optional_handle(known.near, path.field("near"));', checks)
        self.assertIn("json.pointer(known.near);", printers)


if __name__ == "__main__":
    unittest.main(verbosity=0)
