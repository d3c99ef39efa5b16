"""The archiver of PostgreSQL: archiver.py DATA COMMAND... runs COMMAND, with its %p, for each .ready file in order."""

import os
import sys


def main(data, command):
    status = f"{data}/pg_wal/archive_status"
    os.chdir(data)
    # What is called by a server looks for it there.
    with open("postmaster.pid", "w", encoding="ascii") as file:
        print(os.getpid(), file=file)
    for name in sorted(name[:-6] for name in os.listdir(status) if name.endswith(".ready")):
        if not os.path.exists(f"{status}/{name}.ready"):
            continue  # the command has looked ahead
        words = [word.replace("%p", f"pg_wal/{name}") for word in command]
        child = os.posix_spawnp(words[0], words, os.environ)
        if os.waitpid(child, 0)[1] != 0:
            sys.exit(f"{name}: {' '.join(words)} failed")
        os.rename(f"{status}/{name}.ready", f"{status}/{name}.done")


main(sys.argv[1], sys.argv[2:])
