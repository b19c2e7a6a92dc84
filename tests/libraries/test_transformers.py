# SPDX-License-Identifier: Apache-2.0
"""transformers: Trainer, device_map="auto", generate() and pipelines on a tenon device."""

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
    Trainer,
    TrainingArguments,
    pipeline,
)

TENON = torch.device("tenon:0")
WORDS = ["<pad>", "<unk>", *"the a cat dog sees likes and big small red".split()]


def gpt2():
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=len(WORDS), n_positions=32, n_embd=16, n_layer=2, n_head=2,
            bos_token_id=0, eos_token_id=0, pad_token_id=0,
        )
    )  # fmt: skip


def tokenizer():
    words = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", unk_token="<unk>")


def sentences():
    ids = [torch.arange(2, 10) for _ in range(32)]
    return [{"input_ids": i, "labels": i} for i in ids]


def arguments(folder, **more):
    options = {"max_steps": 10, "logging_steps": 1, "learning_rate": 1e-2, "report_to": []}
    return TrainingArguments(folder, **{**options, "save_strategy": "no", **more})


@pytest.mark.parametrize("options", [{}, {"bf16": True}, {"gradient_checkpointing": True}], ids=str)
def test_trainer(tmp_path, options):
    given = arguments(tmp_path, **options)
    assert given.device == TENON and given.n_gpu == 1
    trainer = Trainer(gpt2(), given, train_dataset=sentences(), eval_dataset=sentences())
    trainer.train()
    assert {p.device for p in trainer.model.parameters()} == {TENON}
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert losses[-1] < losses[0] * 0.8
    assert trainer.evaluate()["eval_loss"] < losses[0]


def test_trainer_resumes(tmp_path):
    saving = {"save_strategy": "steps", "save_steps": 5}
    Trainer(gpt2(), arguments(tmp_path, **saving), train_dataset=sentences()).train()
    trainer = Trainer(gpt2(), arguments(tmp_path, **saving), train_dataset=sentences())
    trainer.train(resume_from_checkpoint=str(tmp_path / "checkpoint-5"))
    assert trainer.state.global_step == 10


def test_trainer_takes_the_cpu_where_it_is_asked_for(tmp_path):
    assert arguments(tmp_path, use_cpu=True).device == torch.device("cpu")


@pytest.mark.parametrize("device_map", ["auto", "balanced", "sequential", "tenon", "tenon:0", 0])
def test_from_pretrained(tmp_path, device_map):
    source = gpt2().eval()
    source.save_pretrained(tmp_path)
    model = GPT2LMHeadModel.from_pretrained(tmp_path, device_map=device_map)
    assert {p.device.type for p in model.parameters()} == {"tenon"}
    ids = torch.tensor([[2, 4, 6]])
    asked = {"max_new_tokens": 8, "do_sample": False}
    want = source.generate(ids, attention_mask=torch.ones_like(ids), **asked)
    ids = ids.to(model.device)
    assert torch.equal(model.generate(ids, attention_mask=torch.ones_like(ids), **asked).cpu(), want)


def test_from_pretrained_leaves_on_the_cpu_what_does_not_fit(tmp_path):
    source = gpt2().eval()
    source.save_pretrained(tmp_path)
    model = GPT2LMHeadModel.from_pretrained(
        tmp_path, device_map="auto", max_memory={0: 20000, "cpu": 10**9}
    )
    assert {torch.device(d).type for d in model.hf_device_map.values()} == {"tenon", "cpu"}
    ids = torch.tensor([[2, 4, 6]])
    torch.testing.assert_close(model(ids).logits.cpu(), source(ids).logits)


@pytest.mark.parametrize("device", [None, 0, "tenon", TENON])
def test_pipeline(device):
    pipe = pipeline("text-generation", model=gpt2(), tokenizer=tokenizer(), device=device)
    assert pipe.device.type == "tenon" and pipe.model.device == TENON
    text = pipe("the cat sees", max_new_tokens=3, do_sample=False)[0]["generated_text"]
    assert text.startswith("the cat sees")


def test_pipeline_elsewhere(tmp_path):
    for device in (-1, "cpu"):
        pipe = pipeline("text-generation", model=gpt2(), tokenizer=tokenizer(), device=device)
        assert pipe.device.type == "cpu"
    gpt2().save_pretrained(tmp_path)
    spread = GPT2LMHeadModel.from_pretrained(tmp_path, device_map="auto")
    assert pipeline("text-generation", model=spread, tokenizer=tokenizer()).device.type == "tenon"
