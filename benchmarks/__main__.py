"""`python -m benchmarks money --size 1000000`."""

import argparse
import sys

from benchmarks import duplicates, explorer, imports, money

BENCHMARKS = {
    "money": money,
    "explorer": explorer,
    "imports": imports,
    "duplicates": duplicates,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for name, module in BENCHMARKS.items():
        command = commands.add_parser(name, help=module.__doc__.splitlines()[0])
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    options = parser.parse_args()
    return options.run(options)


if __name__ == "__main__":
    sys.exit(main())
