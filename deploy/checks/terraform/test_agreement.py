"""Each thing that may disagree is found when it does, in a copy in which it was changed."""

import shutil
import sys
import tempfile
from pathlib import Path

from agreement import problems

# File, what is in it, what is put there instead, and how the problem begins.
CASES = [
    (
        "deploy/terraform/patterns/retirements.json",
        "AWS_ECS_TASK",
        "AWS_ECS_TASKS",
        "deploy/terraform/patterns alone has the pattern",
    ),
    (
        "deploy/cloudformation.yaml",
        "ECS Service Action",
        "ECS Service Actions",
        "deploy/cloudformation.yaml alone has the pattern",
    ),
    (
        "deploy/terraform/roles.tf",
        "health         = var.poll_health",
        "sickness = var.poll_health",
        "deploy/iam alone has health",
    ),
    (
        "deploy/terraform/roles.tf",
        "health         = var.poll_health",
        "sickness = var.poll_health",
        "local.features alone has sickness",
    ),
    (
        "deploy/terraform/roles.tf",
        "announce       = !var.dry_run && ",
        "announce       = ",
        "local.features has announce in a dry run, which allows events:PutEvents",
    ),
    ("deploy/iam/events.json", "${queue_arn}", "${queue}", "events.json: local.policy_words has no queue"),
    ("deploy/iam/events.json", "sqs:", "sqs:" + "x" * 10_000, "deploy/iam: all policies together have"),
    ("deploy/terraform/service.tf", 'program = "', 'program = "/elsewhere', "local.program is /elsewhere"),
    ("deploy/terraform/README.md", "| `image` |", "| `picture` |", "README.md has no row for image"),
    ("deploy/terraform/README.md", "| `image` |", "| `picture` |", "README.md has a row for picture"),
]


def main(root: Path) -> int:
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        for number, (name, before, after, expected) in enumerate(CASES):
            copy = Path(scratch) / str(number)
            shutil.copytree(root / "deploy", copy / "deploy")
            shutil.copy(root / "Dockerfile", copy)
            changed = copy / name
            text = changed.read_text()
            changed.write_text(text.replace(before, after))
            if before not in text or not any(one.startswith(expected) for one in problems(copy)):
                failed += 1
                print(f"not found: {expected}", file=sys.stderr)
    print(f"agreement: {len(CASES)} disagreements, {len(CASES) - failed} found")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
