"""A chat client in a window: sockets and widgets on one thread, in Tk's own loop.

python tk_client.py NAME [HOST [PORT]]
"""

import argparse
import tkinter
from tkinter import scrolledtext

import pysock.tk
from pysock.chat import Client
from pysock.chat.command import name, port
from pysock.chat.text import shown


class Chatter(Client):
    """Tells its window what happens; all of it is called from `mainloop()`."""

    def __init__(self, name: str, window: "Window") -> None:
        super().__init__(name)
        self.window = window

    def OnJoined(self) -> None:
        self.window.ready(True)

    def OnLine(self, line: str) -> None:
        self.window.add(shown(line))

    def OnGone(self, reason: str) -> None:
        self.window.gone(reason)


class Window:
    def __init__(self, root: tkinter.Tk | tkinter.Toplevel, name: str, host: str, port: int) -> None:
        self.root = root
        self.closing = False
        root.title(f"{name} at {host}:{port}")
        self.text = scrolledtext.ScrolledText(root, width=60, height=20, wrap="word", state="disabled")
        self.text.pack(fill="both", expand=True)
        self.entry = tkinter.Entry(root, state="disabled")
        self.entry.pack(fill="x")
        self.entry.bind("<Return>", self.say)
        root.protocol("WM_DELETE_WINDOW", self.close)
        self.client = Chatter(name, self)
        self.client.join(host, port)

    def ready(self, yes: bool) -> None:
        self.entry.configure(state="normal" if yes else "disabled")
        if yes:
            self.entry.focus()

    def add(self, line: str) -> None:
        self.text.configure(state="normal")
        self.text.insert("end", line + "\n")
        self.text.configure(state="disabled")
        self.text.see("end")

    def say(self, event: object) -> None:
        text = self.entry.get()
        if text and self.client.say(text):
            self.entry.delete(0, "end")

    def close(self) -> None:
        """The window's own button: leave politely, which ends in `gone`."""
        self.closing = True
        if self.client.gone:
            self.root.destroy()
        else:
            self.client.leave()

    def gone(self, reason: str) -> None:
        if self.closing:
            self.root.destroy()
        else:
            self.ready(False)
            self.add(f"[{reason}]")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", type=name, help="who you are")
    parser.add_argument("host", nargs="?", default="127.0.0.1")
    parser.add_argument("port", nargs="?", type=port, default=8707)
    arguments = parser.parse_args()
    root = tkinter.Tk()
    with pysock.tk.attach(root):  # from here on Tk's loop runs the sockets, too
        Window(root, arguments.name, arguments.host, arguments.port)
        root.mainloop()


if __name__ == "__main__":
    main()
