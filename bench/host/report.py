"""report.html: a comparison as one page that needs nothing else."""

from html import escape

from . import present


def _table(head, rows, left):
    def row(words, tag):
        cells = "".join(f'<{tag}{"" if column < left else " class=n"}>{escape(word)}</{tag}>'
                        for column, word in enumerate(words))
        return f"<tr>{cells}</tr>"

    return (f"<table><thead>{row(head, 'th')}</thead><tbody>"
            + "".join(row(words, "td") for words in rows) + "</tbody></table>")


def html(document, name):
    """`name`: what was compared, for the title."""
    parts = [f"<h1>{escape(name)}</h1><p>{escape(present.title(document))}</p>"]
    for placement in present.placements(document):
        parts.append(f"<h2>{escape(present.placement_words(placement))}</h2>"
                     + _table(*present.rows(document, placement), left=2))
    return ('<!doctype html><html lang="en"><meta charset="utf-8">'
            f"<title>{escape(name)}</title>{''.join(parts)}</html>\n")
