"""What notebooks say of a machine, as it is in a browser tab; the one place for it.

A test says when a notebook no longer says what is replaced here.
"""

from __future__ import annotations

from typing import Final

_REHEARSE: Final = (
    "\n\n> **In this browser tab** everything below is the rehearsal. A tab has no way to AWS: for two accounts of "
    "your own, run `make lab` on a computer."
)
_REHEARSE_JA: Final = (
    "\n\n> **このブラウザータブでは**、以下はすべてリハーサルです。タブから AWS には接続できません。"
    "手持ちの 2 つのアカウントで実行するには、コンピューターで `make lab` を実行してください。"
)
_NO_CDK: Final = (
    "\n\n> **In this browser tab** CloudFormation and Terraform's files are deployed as on a computer. The CDK needs "
    "Node.js, which a tab can't start; its cells say so, and show the CDK's code."
)
_NO_CDK_JA: Final = (
    "\n\n> **このブラウザータブでも**、CloudFormation と Terraform のファイルは"
    "コンピューターと同じようにデプロイできます。"
    "CDK には Node.js が必要で、タブでは起動できません。CDK のセルはそのことを表示し、コードを見せます。"
)

# By notebook, and in Japanese: what is said, and what is true in a tab.
IN_A_TAB: Final[dict[str, dict[str, str]]] = {
    "00-start-here": {
        "The two simulated AWS accounts on your computer": "The two simulated AWS accounts in this browser tab",
        "Two accounts run on this computer, and": "Two accounts run in this browser tab, and",
        "Only the address differs: they go to `127.0.0.1`, your own computer.": (
            "Only the way differs: they are answered inside this page, and nothing leaves it."
        ),
        "The two accounts run in a process of their own and keep their contents in a folder of yours.": (
            "The two accounts run in this notebook's kernel, and your browser keeps their contents. The notebook that "
            "you open last has them; the one before says so."
        ),
        "`xsfn sandbox reset` in a terminal empties both accounts.": (
            "`tab.reset()` empties both accounts, after `from xsfn_helpers import tab`. `tab.download()` hands you "
            "what you built as a file."
        ),
    },
    "03-operator-task": {
        "here with `lab.clean()`, or in a terminal with `xsfn clean`.": "with `lab.clean()`.",
    },
    "07-infrastructure-as-code": {
        " (In a terminal, use `xsfn export cloudformation`.)": "",
    },
    "08-beyond-step-functions": {
        "The function's code really runs, in its own process.": (
            "The function's code really runs, in this notebook's kernel, where nothing ends it after its timeout."
        ),
    },
    "ja/00-start-here": {
        "2 つのアカウントはこのコンピューターの中で動き": "2 つのアカウントはこのブラウザータブの中で動き",
        "違うのは宛先だけで、手元のコンピューター `127.0.0.1` に届きます。": (
            "違うのは届き方だけで、このページの中で処理され、外には何も送られません。"
        ),
        "2 つのアカウントは独立したプロセスで動き、中身は手元のフォルダーに保存されます。": (
            "2 つのアカウントはこのノートブックのカーネルの中で動き、中身はブラウザーに保存されます。"
            "最後に開いたノートブックがアカウントを使い、前のノートブックにはそのことが表示されます。"
        ),
        "ターミナルで `xsfn sandbox reset` を実行すると、両方のアカウントが空になります。": (
            "`from xsfn_helpers import tab` の後に `tab.reset()` を実行すると、両方のアカウントが空になります。"
            "`tab.download()` で、作成したものをファイルとして保存できます。"
        ),
    },
    "ja/03-operator-task": {
        "ここで `lab.clean()` を実行するか、ターミナルで `xsfn clean` を実行します。": "`lab.clean()` を実行します。",
    },
    "ja/07-infrastructure-as-code": {
        " (ターミナルでは `xsfn export cloudformation`)": "",
    },
    "ja/08-beyond-step-functions": {
        "関数のコードは、専用のプロセスで実際に動き、": (
            "関数のコードは、このノートブックのカーネルで実際に動き (タイムアウトで終了させるものはありません)、"
        ),
    },
}


# What the first cell adds there.
NOTES: Final = {
    "06-your-own-accounts": _REHEARSE,
    "07-infrastructure-as-code": _NO_CDK,
    "ja/06-your-own-accounts": _REHEARSE_JA,
    "ja/07-infrastructure-as-code": _NO_CDK_JA,
}


def in_a_tab(book: str, text: str) -> str:
    """A cell's text of `book` as it is true in a browser tab."""
    for said, true_there in IN_A_TAB.get(book, {}).items():
        text = text.replace(said, true_there)
    return text
