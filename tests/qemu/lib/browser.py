# SPDX-License-Identifier: MIT
"""A page in a real headless Chromium: what it shows, measured by the browser itself."""

import json
import re
import subprocess
from html import unescape

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--hide-scrollbars", "--window-size=1240,2000"]
DARK = "--blink-settings=preferredColorScheme=0"
TIMEOUT_S = 180

# Run at the end of a copy of the page; its answer is read from the DOM.
_PROBE = """<script>
const marks = [...document.querySelectorAll("[data-side]")].map(node => {
  const box = node.getBoundingClientRect(), style = getComputedStyle(node);
  return {panel: node.closest("svg").id, section: node.closest("section").id,
          name: node.tagName, data: {...node.dataset}, x: box.x + box.width / 2,
          y: box.y + box.height / 2, width: box.width, fill: style.fill, stroke: style.stroke};
});
const panels = [...document.querySelectorAll("svg")].map(svg => {
  const frame = svg.getBoundingClientRect();
  const inside = text => {
    const box = text.getBoundingClientRect();
    return box.left >= frame.left - 1 && box.right <= frame.right + 1 &&
           box.top >= frame.top - 1 && box.bottom <= frame.bottom + 1;
  };
  const texts = [...svg.querySelectorAll("text")];
  return {id: svg.id, width: frame.width, height: frame.height,
          cut: texts.filter(text => !inside(text)).map(text => text.textContent),
          ticks: texts.filter(text => text.dataset.tick).map(text => {
            const box = text.getBoundingClientRect();
            return [Number(text.dataset.tick), box.y + box.height / 2];
          })};
});
const tables = [...document.querySelectorAll("section")].map(section => [section.id,
  [...section.querySelectorAll("tr")].map(row => [...row.cells].map(cell => cell.innerText))]);
document.body.innerHTML = "";
const answer = document.createElement("pre");
answer.id = "answer";
answer.textContent = JSON.stringify({marks, panels, tables: Object.fromEntries(tables),
  overflow: document.documentElement.scrollWidth - innerWidth,
  page: getComputedStyle(document.documentElement).backgroundColor});
document.body.append(answer);
</script>"""


def printed_pages(page, directory):
    """How many sheets of paper it takes."""
    paper = directory / "page.pdf"
    command = ["chromium", *FLAGS, f"--user-data-dir={directory}/profile",
               f"--print-to-pdf={paper}", "--no-pdf-header-footer", page.as_uri()]
    subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=True)
    return len(re.findall(rb"/Type /Page\b", paper.read_bytes()))


def look_at(page, directory, *flags):
    """The probe's answer: {"marks", "panels", "tables", "overflow", "page"}."""
    copy = directory / "probed.html"
    # Closed details have no boxes: opened, so that their tables can be read.
    copy.write_text(page.read_text().replace("<details>", "<details open>")
                    .replace("</body>", _PROBE + "</body>"))
    command = ["chromium", *FLAGS, *flags, f"--user-data-dir={directory}/profile", "--dump-dom",
               copy.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    found = re.search(r'<pre id="answer">(.*?)</pre>', done.stdout, re.S)
    assert found, done.stderr[-2000:]
    return json.loads(unescape(found[1]))
