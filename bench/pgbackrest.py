"""pgBackRest with a repository in the scratch directory. Its codecs by our names."""

import shutil

CODECS = {"none": ("none", None), "lz4": ("lz4", None), "zstd:1": ("zst", 1), "zstd:3": ("zst", 3),
          "gzip:6": ("gz", 6)}


class Repository:
    """One repository with one stanza for one data directory."""

    def __init__(self, bench, name, data, codec, socket=None, asynchronous=False):
        self.bench, self.data = bench, data
        self.directory = bench.scratch / f"pgbackrest-{name}"
        self.spool = bench.scratch / f"pgbackrest-{name}{'-async' if asynchronous else ''}-spool"
        self.configuration = bench.scratch / f"pgbackrest-{name}{'-async' if asynchronous else ''}.conf"
        compress_type, level = CODECS[codec]
        # In a file what a command has no use for is ignored; on its command line it is an error.
        settings = {"repo1-path": self.directory, "compress-type": compress_type, "lock-path": self.spool,
                    "spool-path": self.spool, "log-path": self.spool, "log-level-file": "off",
                    "log-level-console": "warn"}
        if level:
            settings["compress-level"] = level
        if asynchronous:
            settings["archive-async"] = "y"
        lines = ["[global]", *(f"{key}={value}" for key, value in settings.items()), "[bench]"]
        if socket:
            lines += [f"pg1-socket-path={socket}", "pg1-user=postgres"]
        self.configuration.write_text("\n".join(lines) + "\n", encoding="utf8")
        self.process_max = 2 if asynchronous else 1

    def command(self, *words, data=None):
        for path in (self.spool, self.directory):
            path.mkdir(exist_ok=True)
        return ["pgbackrest", f"--config={self.configuration}", "--stanza=bench", f"--pg1-path={data or self.data}", *words]

    def create(self, _round=0):
        """An empty repository, whatever was there."""
        shutil.rmtree(self.directory, ignore_errors=True)
        shutil.rmtree(self.spool, ignore_errors=True)
        self.bench.run(*self.command("stanza-create", "--no-online"))

    def push(self, segment):
        return self.command("archive-push", f"--process-max={self.process_max}", str(segment))

    def get(self, name, target):
        return self.command("archive-get", f"--process-max={self.process_max}", name, str(target))

    def backup(self):
        return self.command("backup", "--process-max=2", "--type=full", "--no-archive-check", "--start-fast",
                            "--no-expire-auto")

    def restore(self, target):
        return self.command("restore", "--process-max=2", "--type=none", data=target)
