"""`xsfn lab`: which notebooks it opens, how they are brought along, and how JupyterLab is started."""

from __future__ import annotations

import importlib
import json
import os
import runpy
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from xsfn_helpers.cli import BAD_INPUT, main, notebooks
from xsfn_helpers.cli.notebooks import FIRST, RECORD, bring, lesson_files
from xsfn_helpers.common.language import speaking

ROOT = Path(__file__).parents[1]


def make_lesson(folder: Path, text: str = "{}") -> Path:
    for name in (f"notebooks/{FIRST}", f"notebooks/ja/{FIRST}", "diagrams/access-chain.svg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@dataclass(slots=True)
class Started:
    """What JupyterLab was called with."""

    command: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    def option(self, name: str) -> str:
        (found,) = (given.partition("=")[2] for given in self.command if given.startswith(f"--{name}="))
        return found


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    """A machine that has JupyterLab and a screen; instead of becoming JupyterLab, the program ends."""
    started = Started()

    def become(_program: str, command: list[str], environment: dict[str, str]) -> None:
        started.command, started.environment = command, environment
        raise SystemExit(0)

    monkeypatch.setattr("os.execve", become)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: object())
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("WAYLAND_DISPLAY", "BROWSER", "JUPYTER_CONFIG_PATH", "JUPYTER_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    return started


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the repository, in which the program runs."""
    clone = make_lesson(tmp_path / "my clone")
    monkeypatch.chdir(clone)
    return clone


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The lesson as an installed package has it, while the program runs in a folder without any."""
    packed = make_lesson(tmp_path / "site-packages" / "xsfn_helpers" / "_lesson")
    monkeypatch.setattr(notebooks, "_PACKED", packed)
    monkeypatch.setattr(notebooks, "_PACKAGE", packed.parent)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return packed


def lab(*arguments: str) -> None:
    with pytest.raises(SystemExit) as end:
        main(["lab", *arguments])
    assert end.value.code == 0


class TestWhatItOpens:
    @pytest.mark.parametrize("folder", [".", "notebooks"])
    def test_in_a_copy_of_the_repository_it_opens_its_notebooks_and_copies_none(
        self, started: Started, clone: Path, monkeypatch: pytest.MonkeyPatch, folder: str
    ) -> None:
        monkeypatch.chdir(clone / folder)
        before = set(clone.iterdir())
        lab()

        assert started.option("ServerApp.root_dir") == str(clone)
        assert set(clone.iterdir()) - before == {clone / ".lab"}

    def test_elsewhere_it_brings_them_along(
        self, started: Started, installed: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        lab()

        folder = Path.cwd() / "xsfn-notebooks"
        assert started.option("ServerApp.root_dir") == str(folder)
        assert (folder / "notebooks" / FIRST).is_file()
        assert (folder / "diagrams" / "access-chain.svg").is_file()
        assert capsys.readouterr().out == f"The notebooks are in {folder}.\n"

    def test_in_another_folder_where_one_is_named(self, started: Started, clone: Path, tmp_path: Path) -> None:
        lab("--copy-to", str(tmp_path / "my folder" / "below"))

        assert started.option("ServerApp.root_dir") == str(tmp_path / "my folder" / "below")
        assert (tmp_path / "my folder" / "below" / "notebooks" / "ja" / FIRST).is_file()

    def test_among_the_copies_it_opens_and_renews_them(
        self, started: Started, installed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        lab("--copy-to", "mine")
        make_lesson(installed, '{"newer": true}')
        monkeypatch.chdir("mine/notebooks")
        lab()

        folder = Path.cwd().parent
        assert started.option("ServerApp.root_dir") == str(folder)
        assert (folder / "notebooks" / FIRST).read_text() == '{"newer": true}'
        assert "3 files are renewed.\n" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("spoken", "below"),
        [
            ({"XSFN_LANG": "ja"}, "ja/"),
            ({"LANGUAGE": "ja:en", "LC_ALL": "C.UTF-8"}, "ja/"),
            ({"XSFN_LANG": "en", "LC_ALL": "ja_JP.UTF-8"}, ""),
            ({"LC_ALL": "jam_JM"}, ""),
        ],
        ids=str,
    )
    def test_the_page_is_in_the_readers_language_and_arranged_once(
        self, started: Started, clone: Path, monkeypatch: pytest.MonkeyPatch, spoken: dict[str, str], below: str
    ) -> None:
        for name, value in spoken.items():
            monkeypatch.setenv(name, value)
        lab()
        (page,) = Path(started.environment["JUPYTERLAB_WORKSPACES_DIR"]).iterdir()
        arranged = page.read_text()
        page.write_text("as the reader moved it")
        lab()

        assert started.option("LabApp.default_url") == f"/lab/workspaces/xsfn/tree/notebooks/{below}{FIRST}"
        assert page.read_text() == "as the reader moved it"
        shown = f"notebook:notebooks/{below}{FIRST}"
        assert json.loads(arranged)["data"].keys() - {"layout-restorer:data"} == {shown}
        assert (ROOT / shown.partition(":")[2]).is_file()
        panes = json.loads(arranged)["data"]["layout-restorer:data"]["main"]["dock"]["children"]
        assert [pane["widgets"] for pane in panes] == [[shown], ["xsfn-map"]]


class TestHowItStarts:
    def test_jupyterlab_finds_the_page_that_was_arranged(self, started: Started, clone: Path) -> None:
        workspaces = pytest.importorskip("jupyterlab_server.workspaces_handler")
        lab()

        found = workspaces.WorkspacesManager(started.environment["JUPYTERLAB_WORKSPACES_DIR"]).load("xsfn")
        assert found["data"]["layout-restorer:data"]

    def test_on_this_computer_only_without_a_look_at_other_servers(self, started: Started, clone: Path) -> None:
        lab()

        assert started.command[:3] == [sys.executable, "-m", "jupyterlab"]
        assert started.option("ServerApp.ip") == "127.0.0.1"
        assert started.option("LabApp.news_url") == "None"
        assert started.option("LabApp.check_for_updates_class") == "jupyterlab.NeverCheckForUpdate"
        assert not {"--no-browser", "--allow-root"} & set(started.command)
        settings = Path(started.environment["JUPYTER_CONFIG_PATH"], "labconfig", "page_config.json")
        assert json.loads(settings.read_text())
        extension = Path(started.environment["JUPYTER_PATH"], "labextensions", "xsfn-map", "package.json")
        assert json.loads(extension.read_text())["jupyterlab"]["_build"]["extension"] == "./extension"
        switched_on = Path(started.environment["JUPYTER_CONFIG_PATH"], "jupyter_server_config.d", "xsfn-map.json")
        (module,) = json.loads(switched_on.read_text())["ServerApp"]["jpserver_extensions"]
        assert importlib.import_module(module)._jupyter_server_extension_points() == [{"module": module}]

    def test_the_readers_own_options_come_last(self, started: Started, clone: Path) -> None:
        lab("--port", "9999", "--no-browser")

        assert started.command[-3:] == ["--port", "9999", "--no-browser"]

    def test_the_readers_own_settings_still_count(
        self, started: Started, clone: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/somewhere")
        lab()

        assert started.environment["JUPYTER_CONFIG_PATH"].endswith(f"{os.pathsep}/somewhere")

    def test_without_a_screen_no_browser_takes_the_terminal(
        self, started: Started, clone: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("DISPLAY")
        lab()

        assert started.command[-1] == "--no-browser"

    def test_a_mac_has_a_screen(self, started: Started, clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("DISPLAY")
        monkeypatch.setattr("sys.platform", "darwin")
        lab()

        assert "--no-browser" not in started.command

    def test_root_is_let_in(self, started: Started, clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("os.geteuid", lambda: 0)
        lab()

        assert started.command[-1] == "--allow-root"

    def test_without_jupyterlab_it_says_in_a_sentence_what_to_install(
        self, installed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)

        assert main(["lab"]) == BAD_INPUT
        assert "xsfn-helpers[lab]" in (told := capsys.readouterr().err)
        assert len(told.splitlines()) == 1
        assert not Path("xsfn-notebooks").exists()

    def test_a_folder_that_cant_be_written_to_is_told_in_a_sentence(
        self, started: Started, installed: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        Path("file").write_text("")

        assert main(["lab", "--copy-to", "file"]) == BAD_INPUT
        assert "--copy-to" in (told := capsys.readouterr().err)
        assert len(told.splitlines()) == 1
        assert started.command == []


class TestCopies:
    @pytest.fixture
    def source(self, tmp_path: Path) -> Path:
        return make_lesson(tmp_path / "source")

    @pytest.fixture
    def copies(self, tmp_path: Path, source: Path) -> Path:
        assert len(bring(source, tmp_path / "copies").new) == 3
        return tmp_path / "copies"

    def test_what_nobody_changed_is_renewed_and_the_second_time_nothing_is_done(
        self, source: Path, copies: Path
    ) -> None:
        make_lesson(source, "newer")
        first, second = bring(source, copies), bring(source, copies)

        assert len(first.renewed) == 3
        assert (second.new, second.renewed, second.kept) == ((), (), ())
        assert (copies / "notebooks" / FIRST).read_text() == "newer"

    def test_what_the_reader_changed_stays_and_is_named_where_there_is_newer(self, source: Path, copies: Path) -> None:
        mine = copies / "notebooks" / FIRST
        mine.write_text("my answers")

        assert bring(source, copies).kept == (), "nothing newer: no word about it"
        make_lesson(source, "newer")
        brought = bring(source, copies)
        assert brought.kept == (f"notebooks/{FIRST}",)
        assert len(brought.renewed) == 2
        assert mine.read_text() == "my answers"

    def test_what_the_reader_removed_comes_anew(self, source: Path, copies: Path) -> None:
        (copies / "notebooks" / FIRST).unlink()

        assert bring(source, copies).new == (f"notebooks/{FIRST}",)

    @pytest.mark.parametrize("record", ["", "[}", "[1]"])
    def test_without_a_record_that_can_be_read_everything_is_the_readers(
        self, source: Path, copies: Path, record: str
    ) -> None:
        (copies / RECORD).write_text(record)
        make_lesson(source, "newer")

        assert len(bring(source, copies).kept) == 3
        assert (copies / "notebooks" / FIRST).read_text() == "{}"

    def test_a_folder_or_a_dangling_link_in_a_files_place_stays(self, source: Path, tmp_path: Path) -> None:
        folder, link = tmp_path / "c" / "notebooks" / FIRST, tmp_path / "c" / "notebooks" / "ja" / FIRST
        folder.mkdir(parents=True)
        link.parent.mkdir()
        link.symlink_to("nowhere")

        assert len(bring(source, tmp_path / "c").kept) == 2
        assert folder.is_dir()
        assert link.is_symlink()

    def test_nothing_half_written_is_left(self, copies: Path) -> None:
        assert {path.name for path in copies.rglob(".*")} == {RECORD}


def test_a_wheel_is_given_the_files_that_are_brought(monkeypatch: pytest.MonkeyPatch) -> None:
    """setup.py can't import the package that it builds, so it says again which they are."""
    monkeypatch.setattr("setuptools.setup", lambda **_options: None)
    monkeypatch.chdir(ROOT)
    packed = runpy.run_path(str(ROOT / "setup.py"))["LESSON"]

    there = {path.as_posix() for folder, pattern in packed.items() for path in Path(folder).rglob(pattern)}
    assert {name for name in there if ".ipynb_checkpoints" not in name} == set(lesson_files(ROOT))


def test_what_it_says_is_there_in_japanese(
    started: Started, installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with speaking("ja"):
        lab()

    assert capsys.readouterr().out == f"ノートブックは {Path.cwd() / 'xsfn-notebooks'} にあります。\n"
