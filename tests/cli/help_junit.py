"""JUnit files against the rules of the schema of Jenkins' xUnit plugin (junit-10.xsd), and read by junitparser.

help_junit.py FILE...: prints what is wrong; nothing when all is well. `--junitparser FILE` prints what that package
makes of the file, one line a suite: name, tests, failures, errors.
"""

import re
import sys
import xml.etree.ElementTree as ET

# Element -> attributes it must have, those it may have, children, whether it has text.
PROBLEM = (set(), {"type", "message"}, set(), True)
RULES = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}, {"testsuite"}, False),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
        False,
    ),
    "properties": (set(), set(), {"property"}, False),
    "property": ({"name", "value"}, set(), set(), False),
    "testcase": (
        {"name"},
        {"time", "classname", "group"},
        {"skipped", "error", "failure", "system-out", "system-err"},
        False,
    ),
    "failure": PROBLEM,
    "error": PROBLEM,
    "skipped": PROBLEM,
    "system-out": (set(), set(), set(), True),
    "system-err": (set(), set(), set(), True),
}
TIME = re.compile(r"[0-9]+\.[0-9]{3}")


def check(e, where, say):
    where += "/" + e.tag
    if e.tag not in RULES:
        return say(where, "is unknown")
    must, may, children, has_text = RULES[e.tag]
    for name in must - set(e.attrib):
        say(where, "lacks " + name)
    for name in set(e.attrib) - must - may:
        say(where, "may not have " + name)
    if "time" in e.attrib and not TIME.fullmatch(e.get("time")):
        say(where, "time is " + e.get("time"))
    if not has_text and ((e.text or "").strip() or any((c.tail or "").strip() for c in e)):
        say(where, "has text")
    for child in e:
        if child.tag not in children:
            say(where, "may not contain " + child.tag)
        check(child, where, say)


def check_counts(root, say):
    names = set()
    for suite in root.iter("testsuite"):
        cases = suite.findall("testcase")
        for attribute, kind in (("failures", "failure"), ("errors", "error")):
            if int(suite.get(attribute)) != sum(c.find(kind) is not None for c in cases):
                say(suite.get("name"), attribute + " are counted wrong")
        if int(suite.get("tests")) != len(cases):
            say(suite.get("name"), "tests are counted wrong")
        for c in cases:
            key = (c.get("classname"), c.get("name"))
            if key in names:
                say(key, "is there twice")
            names.add(key)
    for attribute in ("tests", "failures", "errors"):
        if int(root.get(attribute)) != sum(int(s.get(attribute)) for s in root):
            say("testsuites", attribute + " are added wrong")


def read(path):
    from junitparser import JUnitXml

    for suite in JUnitXml.fromfile(path):
        print(suite.name, suite.tests, suite.failures, suite.errors, sum(1 for _ in suite))


def main(words):
    if words[0] == "--junitparser":
        return read(words[1])
    for path in words:
        def say(where, what):
            print(path, where, what)

        root = ET.parse(path).getroot()
        check(root, "", say)
        check_counts(root, say)


main(sys.argv[1:])
