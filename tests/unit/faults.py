"""What the tests of faulty scenario files share: where the files are and what is expected of each fault."""

from pathlib import Path

FAULTY = Path(__file__).parent / "faulty"
STEPS = "title, description, extends, goals, platforms, strategies, policies, run, evaluate, overrides"
type Expected = tuple[int, int, str, str]
"""Line, column, the whole sentence, and a part of what is said about what is allowed."""
