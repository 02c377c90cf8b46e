"""Attention and transformers in Python: what test/nn-attention.test.ts compares with.

    python test/reference/attention.py > test/reference/fixtures/attention.json
"""

import json
import sys
import warnings

import torch
from torch import nn

from fixture import origin, tensor_json
from layer_runs import encode, flat, learnt, run

torch.set_num_threads(2)
warnings.simplefilter("ignore")

HEADS = dict(embed_dim=4, num_heads=2)
MODEL = dict(d_model=4, nhead=2, dim_feedforward=6)
ALL = ("train", "eval", "no grad")


def self_attention(*shape):
    def make():
        x = learnt(*shape)
        return [x, x, x]

    return make


padding = torch.tensor([[False, False, False], [False, False, True]])
causal = nn.Transformer.generate_square_subsequent_mask(3)
hidden = torch.tensor([[False, True, False], [False, False, False], [True, False, False]])
others = lambda: [learnt(3, 2, 4), learnt(5, 2, 4), learnt(5, 2, 4)]
CASES = [
    ("MultiheadAttention", dict(HEADS), self_attention(3, 2, 4), {}),
    ("MultiheadAttention", dict(HEADS, batch_first=True), self_attention(2, 3, 4), dict(key_padding_mask=padding)),
    ("MultiheadAttention", dict(HEADS, batch_first=True), self_attention(2, 3, 4), dict(need_weights=False, attn_mask=hidden)),
    ("MultiheadAttention", dict(HEADS, batch_first=True), self_attention(2, 3, 4), dict(average_attn_weights=False, attn_mask=hidden, key_padding_mask=padding)),
    ("MultiheadAttention", dict(HEADS, dropout=0.4, bias=False), others, {}),
    ("MultiheadAttention", dict(HEADS, kdim=3, vdim=5), lambda: [learnt(3, 2, 4), learnt(5, 2, 3), learnt(5, 2, 5)], {}),
    ("MultiheadAttention", dict(HEADS, add_bias_kv=True, add_zero_attn=True), others, dict(average_attn_weights=False)),
    ("MultiheadAttention", dict(HEADS, add_bias_kv=True), self_attention(3, 2, 4), dict(attn_mask=causal, key_padding_mask=padding.float() * -1e9)),
    ("MultiheadAttention", dict(HEADS), self_attention(3, 2, 4), dict(attn_mask=causal, is_causal=True, need_weights=False)),
    ("MultiheadAttention", dict(HEADS), self_attention(3, 4), {}),
    ("MultiheadAttention", dict(HEADS, dtype=torch.float64), lambda: [t.detach().double().requires_grad_() for t in others()], {}),
    ("TransformerEncoderLayer", dict(MODEL), lambda: [learnt(3, 2, 4)], {}),
    ("TransformerEncoderLayer", dict(MODEL, batch_first=True, activation="gelu"), lambda: [learnt(2, 3, 4)], dict(src_mask=hidden)),
    ("TransformerEncoderLayer", dict(MODEL, batch_first=True, norm_first=True, dropout=0.5), lambda: [learnt(2, 3, 4)], dict(src_key_padding_mask=padding)),
    ("TransformerEncoderLayer", dict(MODEL, bias=False, layer_norm_eps=0.1), lambda: [learnt(3, 2, 4)], dict(src_mask=causal, is_causal=True)),
    ("TransformerDecoderLayer", dict(MODEL), lambda: [learnt(3, 2, 4), learnt(5, 2, 4)], dict(tgt_mask=causal, tgt_is_causal=True)),
    ("TransformerDecoderLayer", dict(MODEL, norm_first=True, batch_first=True, activation="gelu"), lambda: [learnt(2, 3, 4), learnt(2, 5, 4)], dict(tgt_key_padding_mask=padding)),
    ("Transformer", dict(MODEL, num_encoder_layers=2, num_decoder_layers=1, dropout=0.2), lambda: [learnt(5, 2, 4), learnt(3, 2, 4)], dict(tgt_mask=causal)),
    ("Transformer", dict(MODEL, num_encoder_layers=1, num_decoder_layers=2, batch_first=True, norm_first=True), lambda: [learnt(2, 3, 4), learnt(2, 3, 4)], dict(src_key_padding_mask=padding, memory_key_padding_mask=padding)),
]


def stack(index, mode, masks, **options):
    """An encoder of two layers with a norm, in one mode."""
    torch.manual_seed(index)
    layer = nn.TransformerEncoderLayer(**MODEL, batch_first=True, **options)
    model = nn.TransformerEncoder(layer, 2, nn.LayerNorm(4))
    entry = {"options": options, "mode": mode, "seed": index, "text": repr(model), "keys": list(model.state_dict())}
    torch.manual_seed(100)
    x = learnt(2, 3, 4)
    entry["x"] = encode(x)
    entry["masks"] = {k: encode(v) for k, v in masks.items()}
    model.train(mode == "train")
    with torch.set_grad_enabled(mode != "no grad"):
        y = model(x, masks.get("mask"), masks.get("srcKeyPaddingMask"))
    entry["y"] = tensor_json(y)
    if y.requires_grad:
        (y * torch.arange(24.0).reshape(2, 3, 4)).sum().backward()
        entry["grad"] = tensor_json(x.grad)
        entry["grads"] = {k: tensor_json(p.grad) for k, p in model.named_parameters()}
    return entry


json.dump(
    {
        **origin(),
        "layers": [run(i, *case, modes=ALL) for i, case in enumerate(CASES)],
        "stacks": [
            stack(1, "train", {}),
            stack(2, "eval", {"mask": causal}),
            stack(3, "no grad", {"mask": causal}),
            stack(4, "no grad", {"srcKeyPaddingMask": padding}),
            stack(5, "no grad", {"srcKeyPaddingMask": padding}, norm_first=True),
            stack(6, "eval", {"srcKeyPaddingMask": padding}, activation="gelu"),
            stack(7, "no grad", {"srcKeyPaddingMask": padding.flip(1)}),
        ],
        "causal": tensor_json(causal),
    },
    sys.stdout,
    indent=0,
)
