"""EDGE_CASES.md names tests that exist."""

import pathlib
import re
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
DOCUMENT = (TESTS / "EDGE_CASES.md").read_text()


class EdgeCases(unittest.TestCase):
    def test_names_of_c_plus_plus_tests(self):
        sources = "\n".join(path.read_text() for path in TESTS.rglob("*_test.cpp"))
        names = re.findall(r"`([A-Z]\w+)\.(\w+|\*)`", DOCUMENT)
        self.assertTrue(names)
        for suite, test in names:
            pattern = r"\w+" if test == "*" else test
            found = re.search(rf"TEST(_[FP])?\({suite}, {pattern}\)", sources)
            self.assertTrue(found, f"{suite}.{test}")

    def test_names_of_python_tests(self):
        cell = r"system/(\w+\.py)(?:: ([^|;`]+))?"
        named = re.findall(cell, DOCUMENT)
        self.assertTrue(named)
        for file, names in named:
            source = (TESTS / "system" / file).read_text()
            for name in re.findall(r"\w+", names):
                self.assertTrue(re.search(rf"(class|def) {name}\b", source), f"{file}: {name}")


if __name__ == "__main__":
    unittest.main()
