"""
The rival of tools/bench/training.ts: the same LoRA step in PyTorch and peft, one for each line read
from standard input, its milliseconds written to standard output. Weights are random: time is the same.

    python training.py '{"threads": 2, "tokens": 256, "completion": 64, "rank": 8, "config": {...}}'
"""

import json
import sys
import time

import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

asked = json.loads(sys.argv[1])
torch.set_num_threads(asked["threads"])
kinds = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
lora = LoraConfig(r=asked["rank"], lora_alpha=2 * asked["rank"], target_modules=kinds)
model = get_peft_model(LlamaForCausalLM(LlamaConfig(**asked["config"])), lora).train()
optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4)
tokens, completion = asked["tokens"], asked["completion"]
ids = torch.tensor([[100 + (37 * i) % 4000 for i in range(tokens)]])
print("ready", flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    # The head sees the completion alone, as in Hone.
    logits = model(ids, logits_to_keep=completion + 1).logits[0, :-1]
    loss = torch.nn.functional.cross_entropy(logits, ids[0, -completion:])
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    print(1000 * (time.perf_counter() - start), flush=True)
