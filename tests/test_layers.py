"""The house keeps its shape: imports point one way, and nothing happens behind one's back."""

import ast
from pathlib import Path

import pytest
from django.conf import settings

# Each may import itself and what stands before it.
LAYERS = [
    "partners",
    "initiatives",
    "initiatives.funding",
    "initiatives.news",
    "initiatives.desk",
    "dashboards",
    "dashboards.watching",
]
ROOT = settings.BASE_DIR
MODULES = sorted(
    path
    for app in ("partners", "initiatives", "dashboards", "config")
    for path in (ROOT / app).rglob("*.py")
)


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def layer(module: str) -> str | None:
    """The layer a module belongs to, the deepest that fits; None if it is not ours."""
    fitting = [name for name in LAYERS if module == name or module.startswith(f"{name}.")]
    return max(fitting, key=len, default=None)


def imports(path: Path) -> set[str]:
    """Every module that a module names in an import, wherever in it, and those in strings."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            found |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_there_is_something_to_look_at():
    assert {layer(dotted(path)) for path in MODULES} == {*LAYERS, None}


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_imports_point_one_way(path):
    here = layer(dotted(path))
    if here is None:  # config, which puts the site together
        return
    below = LAYERS[: LAYERS.index(here) + 1]
    named = imports(path)
    ours = {name for name in named if layer(name)}
    assert {name for name in ours if layer(name) not in below} == set()
    assert not {name for name in named if name.split(".")[0] in ("config", "tests", "benchmarks")}


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_no_signals(path):
    if dotted(path).startswith("config."):  # Celery starts its processes by signals of its own
        return
    for name in imports(path):
        assert not name.startswith(("django.db.models.signals", "django.dispatch")), name
        assert "signals" not in name.split("."), name


def test_the_pure_rules_ask_no_database():
    """The roll-up, the ladder and the intervals work on plain values."""
    for name in ("initiatives/ladder.py", "initiatives/funding/rollup.py"):
        tree = ast.parse((ROOT / name).read_text())
        assert not {
            n for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr == "objects"
        }
