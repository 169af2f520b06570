"""
Weights in the blocks of GGUF: rounding to them, reading them back, and files of them.

A file of blocks is a safetensors file in which a matrix of one byte a value is a row of blocks, told from its
width by the number of columns that the model's shape gives. It carries a model in five bits a weight, which is
how the starting weights travel, how trained ones come back, and how they ship. Layouts: ggml-quants.c.
"""
import torch
from torch import Tensor

block = 32  # Columns of a block.
row_bytes = {"Q4_1": 20, "Q5_1": 24, "Q8_0": 34}  # Bytes of a block.


def decode(rows: Tensor, columns: int) -> Tensor:
    """Bytes [N, columns / 32 * bytes of a block] to float32 [N, columns]."""
    size = rows.shape[1] * block // columns
    blocks = rows.reshape(-1, size)  # [n, size]
    if size == row_bytes["Q8_0"]:
        scale = _halves(blocks[:, :2])  # [n, 1]
        return (scale * blocks[:, 2:].contiguous().view(torch.int8).float()).reshape(-1, columns)
    scale, least = _halves(blocks[:, :4]).split(1, dim=1)  # [n, 1] each
    nibbles = blocks[:, -16:]
    values = torch.cat([nibbles & 15, nibbles >> 4], dim=1).float()  # [n, 32]
    if size == row_bytes["Q5_1"]:
        bits = blocks[:, 4:8].repeat_interleave(8, dim=1) >> (torch.arange(block) % 8).to(torch.uint8)
        values += 16 * (bits & 1).float()
    return (scale * values + least).reshape(-1, columns)


def encode(matrix: Tensor, kind: str) -> Tensor:
    """Float [N, K], K a multiple of 32, to the bytes of its blocks, [N, K / 32 * bytes of a block]."""
    blocks = matrix.float().reshape(-1, block)  # [n, 32]
    if kind == "Q8_0":
        scale = (blocks.abs().amax(1, keepdim=True) / 127).half()
        whole = (blocks / scale.float().clamp_min(1e-12)).round().clamp(-127, 127).to(torch.int8)
        return torch.cat([scale.view(torch.uint8), whole.view(torch.uint8)], dim=1).reshape(matrix.shape[0], -1)
    scale, least, whole = _affine(blocks, 31 if kind == "Q5_1" else 15)
    whole = whole.to(torch.uint8)
    low = whole & 15
    parts = [scale.half().view(torch.uint8), least.half().view(torch.uint8), low[:, :16] | low[:, 16:] << 4]
    if kind == "Q5_1":
        high = (whole >> 4).reshape(-1, 4, 8) << torch.arange(8, dtype=torch.uint8)
        parts.insert(2, high.sum(2).to(torch.uint8))
    return torch.cat(parts, dim=1).reshape(matrix.shape[0], -1)


def rounded(matrix: Tensor, kind: str) -> Tensor:
    """What `matrix` is after a journey through its blocks; gradients pass as if nothing had happened."""
    with torch.no_grad():
        blocks = matrix.float().reshape(-1, block)
        if kind == "Q8_0":
            scale = (blocks.abs().amax(1, keepdim=True) / 127).half().float()
            after = scale * (blocks / scale.clamp_min(1e-12)).round().clamp(-127, 127)
        else:
            scale, least, whole = _affine(blocks, 31 if kind == "Q5_1" else 15)
            after = scale * whole + least
        change = (after - blocks).reshape(matrix.shape).to(matrix.dtype)
    return matrix + change


def _affine(blocks: Tensor, steps: int) -> tuple[Tensor, Tensor, Tensor]:
    """Scale and least value of each block as float16 keeps them [n, 1], and the step of each value [n, 32]."""
    least = blocks.amin(1, keepdim=True).half().float()
    scale = ((blocks.amax(1, keepdim=True) - least) / steps).half().float()
    whole = ((blocks - least) / scale.clamp_min(1e-12)).round().clamp(0, steps)
    return scale, least, whole


def _halves(part: Tensor) -> Tensor:
    return part.contiguous().view(torch.float16).float()
