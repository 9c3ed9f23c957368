"""What pyproject.toml can't say: the notebooks and their pictures travel in the wheel, as `xsfn_helpers/_lesson`.

They are tracked once, at the top of the repository, where an editable install finds them as they are.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

LESSON = {"notebooks": "*.ipynb", "diagrams": "*.svg"}


class WithLesson(build_py):
    """Copies the package, and the lesson with it."""

    def run(self) -> None:
        if not self.editable_mode:
            # A file that was moved since the last build would else be there twice.
            shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()
        if not self.editable_mode:
            for source, target in self._lesson():
                self.mkpath(str(target.parent))
                self.copy_file(str(source), str(target))

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        lesson = [] if self.editable_mode else [str(target) for _, target in self._lesson()]
        return [*super().get_outputs(include_bytecode), *lesson]

    def _lesson(self) -> list[tuple[Path, Path]]:
        packed = Path(self.build_lib, "xsfn_helpers", "_lesson")
        return [
            (path, packed / path)
            for folder, pattern in LESSON.items()
            for path in sorted(Path(folder).rglob(pattern))
            if ".ipynb_checkpoints" not in path.parts
        ]


setup(cmdclass={"build_py": WithLesson})
