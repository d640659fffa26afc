"""Of each Markdown text of a JSON array on standard input, what cmark-gfm, GitHub's parser, makes of it: its text, its
elements and the addresses of its pictures, as JSON. Needs PyPI's cmarkgfm."""

import html.parser
import json
import sys

import cmarkgfm
from cmarkgfm.cmark import Options


class Reader(html.parser.HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.text, self.elements, self.pictures = "", [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.elements.append(tag)
        self.pictures += [value for name, value in attributes if name in ("src", "href")]

    def handle_data(self, data):
        self.text += data


def read(markdown):
    page = Reader(cmarkgfm.github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE))
    return {"text": page.text, "elements": page.elements, "pictures": page.pictures}


json.dump([read(markdown) for markdown in json.load(sys.stdin)], sys.stdout)
