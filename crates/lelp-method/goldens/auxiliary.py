"""The auxiliary term of Subclass Distillation in PyTorch, with its gradient: writes auxiliary.json beside this file.

    pip install torch
    python crates/lelp-method/goldens/auxiliary.py
"""

import json
from pathlib import Path

import torch

ROWS, OUTPUTS, TEMPERATURE = 7, 6, 0.5


def main() -> None:
    torch.manual_seed(0)
    outputs = torch.randn(ROWS, OUTPUTS, dtype=torch.float64) * 3
    outputs = (outputs * 16).round().div(16).requires_grad_()
    unit = torch.nn.functional.normalize(outputs, dim=1)
    similarity = unit @ unit.T / TEMPERATURE
    value = torch.logsumexp(similarity, dim=1).mean() - 1 / TEMPERATURE - torch.log(torch.tensor(float(ROWS), dtype=torch.float64))
    value.backward()
    golden = {
        "temperature": TEMPERATURE,
        "width": OUTPUTS,
        "outputs": outputs.detach().flatten().tolist(),
        "value": value.item(),
        "gradient": outputs.grad.flatten().tolist(),
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
