"""Checks the markup of HTML files without a browser: help_page.py FILE...

Every element is closed, in order; ids are unique, anchors and aria references resolve; headings do not skip
a level; tables have captions and their headings scopes; pictures have words; nothing is loaded from
elsewhere, and there is no script. Prints what is wrong, one a line, and exits with 1.
"""
import html.parser
import re
import sys

VOID = {"meta", "link", "br", "img", "hr", "input"}
REFERENCES = ("aria-labelledby", "aria-describedby", "for")


class Page(html.parser.HTMLParser):
    def __init__(self, name):
        super().__init__(convert_charrefs=False)
        self.name, self.wrong, self.stack = name, [], []
        self.ids, self.links, self.level, self.seen = set(), [], 0, {}
        self.table_has_caption = []

    def fail(self, text):
        self.wrong.append("%s:%d: %s" % (self.name, self.getpos()[0], text))

    def check_attributes(self, tag, attributes):
        names = [name for name, _ in attributes]
        if len(set(names)) != len(names):
            self.fail("<%s> has an attribute twice" % tag)
        a = dict(attributes)
        if "id" in a:
            if a["id"] in self.ids:
                self.fail("id %s twice" % a["id"])
            self.ids.add(a["id"])
        for name in names:
            if name.startswith("on") or name in ("srcset", "background", "action"):
                self.fail("attribute %s" % name)
        for name in ("href", "src", "xlink:href"):
            value = a.get(name)
            if value is not None and value.startswith("#"):
                self.links.append((value[1:], self.getpos()[0]))
            elif value is not None and not value.startswith("data:image/png;base64,") and value != "data:,":
                self.fail("%s=%s is from elsewhere" % (name, value[:60]))
        for name in REFERENCES:
            for word in (a.get(name) or "").split():
                self.links.append((word, self.getpos()[0]))
        if tag == "img" and not a.get("alt"):
            self.fail("<img> without alt")
        if tag == "svg" and a.get("aria-hidden") != "true":
            if a.get("role") != "img" or not (a.get("aria-label") or a.get("aria-labelledby")):
                self.fail("<svg> without role and words")
        if tag == "th" and a.get("scope") not in ("row", "col"):
            self.fail("<th> without scope")

    def handle_starttag(self, tag, attributes):
        if "svg" not in self.stack:
            self.seen[tag] = self.seen.get(tag, 0) + 1
        self.check_attributes(tag, attributes)
        if tag in ("script", "iframe", "object", "embed", "base", "form"):
            self.fail("<%s>" % tag)
        if re.fullmatch("h[1-6]", tag):
            if int(tag[1]) > self.level + 1:
                self.fail("<%s> after <h%d>" % (tag, self.level))
            self.level = int(tag[1])
        if tag == "table":
            self.table_has_caption.append(False)
        if tag == "caption":
            self.table_has_caption[-1] = True
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.check_attributes(tag, attributes)
        if "svg" not in self.stack:
            self.fail("<%s/> outside of a picture" % tag)

    def handle_endtag(self, tag):
        if not self.stack or self.stack.pop() != tag:
            self.fail("</%s> closes what is not open" % tag)
        if tag == "table" and not self.table_has_caption.pop():
            self.fail("<table> without caption")

    def handle_data(self, data):
        if "&" in data or "<" in data:
            self.fail("bare & or <: %s" % data.strip()[:40])

    def handle_entityref(self, name):
        if name not in ("amp", "lt", "gt", "quot"):
            self.fail("&%s;" % name)

    def finish(self, text):
        self.close()
        if self.stack:
            self.fail("open at the end: %s" % self.stack)
        for name, line in self.links:
            if name not in self.ids:
                self.wrong.append("%s:%d: nothing has the id %s" % (self.name, line, name))
        for tag in ("html", "title", "header", "nav", "main", "footer", "h1"):
            if self.seen.get(tag) != 1:
                self.fail("%d of <%s>" % (self.seen.get(tag, 0), tag))
        if not text.startswith('<!DOCTYPE html>\n<html lang="en">'):
            self.fail("no doctype, no language")
        if re.search(r"url\(|@import|https?://", re.sub(r"(?s)<body.*", "", text)):
            self.fail("something is loaded from elsewhere")
        if re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]", text):
            self.fail("a control character")
        return self.wrong


def main(paths):
    wrong = []
    for path in paths:
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
        page = Page(path.rsplit("/", 1)[-1])
        page.feed(text)
        wrong += page.finish(text)
    print("\n".join(wrong[:40]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
