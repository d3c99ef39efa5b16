"""Prints the tables and turns them into what is written as JSON."""

import os
import platform
import statistics


def machine(bench):
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo", encoding="utf8")
                  if line.startswith("model name")), "unknown")
    file_system = bench.run("stat", "-f", "-c", "%T", bench.scratch).strip()
    return {"processors": os.cpu_count(), "model": model, "kernel": platform.release(), "file_system": file_system,
            "load_before": round(os.getloadavg()[0], 1)}


def shown(value):
    if value is None:
        return "-"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def print_machine(facts):
    print(f"{facts['processors']} processors ({facts['model']}), Linux {facts['kernel']}, {facts['file_system']}, "
          f"load {facts['load_before']}")


def print_table(table):
    scale = 1000 if table.unit == "ms" else 1
    width = max(len(row.name) for row in table.rows)
    print(f"\n{table.title}\n  {'':{width}}  {'median':>8}  {'least':>8}  {'CPU':>8}   memory  ({table.unit}; MiB)")
    for row in table.rows:
        if not row.seconds:
            continue  # left out
        cpu = None if row.by_server else statistics.median(row.cpu) * scale
        figures = (row.median() * scale, min(row.seconds) * scale, cpu)
        print(f"  {row.name:{width}}  {'  '.join(f'{shown(x):>8}' for x in figures)}  {row.memory / 1024:7.1f}")
    for goal in table.goals:
        sign = ">=" if goal.at_least else "<="
        verdict = {True: "met", False: "MISSED", None: "not measured"}[goal.met()]
        cpu = f"  (of CPU {shown(goal.cpu_ratio())})" if goal.cpu_ratio() is not None else ""
        print(f"  {goal.text:44}  {shown(goal.ratio()):>6}  goal {sign} {goal.factor:<5}  {verdict}{cpu}")
    for note in table.notes:
        print(f"  {note}")


def as_json(facts, tables):
    return {"machine": facts, "tables": [{
        "name": table.name, "title": table.title,
        "rows": [{"name": row.name, "seconds": row.seconds, "median": row.median(),
                  "cpu_seconds": row.cpu, "peak_memory_kib": row.memory} for row in table.rows],
        "goals": [{"text": goal.text, "ratio": goal.ratio(), "cpu_ratio": goal.cpu_ratio(), "goal": goal.factor, "at_least": goal.at_least,
                   "met": goal.met()} for goal in table.goals], "notes": table.notes} for table in tables]}
