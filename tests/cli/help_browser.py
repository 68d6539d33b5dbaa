"""Opens HTML files in a headless Chromium and looks: help_browser.py CHROMIUM [--shots DIR] FILE...

Each is opened 390 and 1440 pixels wide, light and dark, as it is and with everything unfolded. Nothing may
be written to the console or fetched; the page must not be wider than the window; every curve and every bar must
have a size, every text of a picture lie inside it and every text have a contrast of 4.5:1. The browser is
spoken to over a pipe (DevTools protocol), with nothing but Python's own library. Prints what is wrong, one a
line, and exits with 1.
"""
import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

SECONDS = 100  # for all of it, but with --shots: pictures of long pages take their time
SHOTS = 12

# What the page says about itself; a list of complaints.
LOOK = r"""
(width => {
  const wrong = [];
  const root = document.documentElement;
  if (root.scrollWidth > width) {
    const wide = [...document.querySelectorAll('body *')].filter(e =>
      e.getBoundingClientRect().right > width + 1 && !e.closest('.box,.output,.source,.store,nav'));
    wrong.push(`${root.scrollWidth} wide, the window ${width}: ` + wide.slice(0, 3).map(e =>
      e.tagName + '.' + (e.getAttribute('class') || '')).join(' '));
  }
  const shown = e => e.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true });
  let plots = 0;
  for (const svg of document.querySelectorAll('svg.plot')) {
    if (!shown(svg)) continue;
    plots++;
    const box = svg.getBoundingClientRect();
    if (box.width < 200 || box.height < 100) wrong.push(`${svg.outerHTML.slice(0, 80)}: ${box.width}x${box.height}`);
    if (!svg.querySelector('path.line,.bar')) wrong.push('a picture without a line or bar');
    for (const e of svg.querySelectorAll('path.line,.bar')) {
      const b = e.getBoundingClientRect();
      if (!(b.width > 0 && b.height >= 0) || b.width + b.height < 0.3) wrong.push(`an empty ${e.getAttribute('class')}`);
      const s = getComputedStyle(e);
      if ((e.matches('.bar') ? s.fill : s.stroke) === 'none') wrong.push('a line without colour');
    }
    for (const t of svg.querySelectorAll('text')) {
      const b = t.getBBox(), v = svg.viewBox.baseVal;
      if (b.x < -1 || b.x + b.width > v.width + 1 || b.y < -1 || b.y + b.height > v.height + 1)
        wrong.push(`"${t.textContent.slice(0, 30)}" leaves its picture`);
    }
  }
  for (const e of document.querySelectorAll('.sheet li svg')) {
    if (!shown(e)) continue;
    const b = e.getBoundingClientRect();
    if (b.width < 20 || b.height < 20) { wrong.push(`an image ${b.width}x${b.height}`); break; }
  }
  const rgb = c => (c.match(/[\d.]+/g) || []).map(Number);
  const lum = c => [0.2126, 0.7152, 0.0722].reduce((s, w, i) => {
    const v = c[i] / 255;
    return s + w * (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  }, 0);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  const low = new Set();
  let texts = 0;
  for (const e of document.querySelectorAll('body *')) {
    if (texts > 4000) break;
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || e.closest('title,desc') || !shown(e)) continue;
    texts++;
    const s = getComputedStyle(e);
    const a = lum(rgb(e.closest('svg') ? s.fill : s.color)), b = lum(ground(e));
    const c = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (c < 4.5) low.add(`${e.tagName}.${e.getAttribute('class')}: contrast ${c.toFixed(2)}`);
  }
  wrong.push(...low);
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  if ((lum(ground(document.querySelector('main'))) < 0.2) !== dark) wrong.push(dark ? 'not dark' : 'not light');
  return { wrong, plots, texts, height: root.scrollHeight };
})(%d)
"""


class Browser:
    def __init__(self, program):
        self.home = tempfile.mkdtemp(prefix="luma-chromium-")
        to_read, self.to = os.pipe()
        self.back, from_write = os.pipe()

        def ends():
            # 3 and 4 may be taken by the ends themselves.
            a, b = os.dup(to_read), os.dup(from_write)
            os.dup2(a, 3)
            os.dup2(b, 4)

        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
             "--remote-debugging-pipe", "--no-first-run", "--disable-extensions", "--user-data-dir=" + self.home,
             "about:blank"],
            preexec_fn=ends, close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env=dict(os.environ, HOME=self.home))
        os.close(to_read)
        os.close(from_write)
        self.n, self.rest, self.events, self.session = 0, b"", [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")

    def read(self):
        while b"\0" not in self.rest:
            piece = os.read(self.back, 1 << 20)
            if not piece:
                raise SystemExit("the browser ended")
            self.rest += piece
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **params):
        self.n += 1
        message = {"id": self.n, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data):]
        while True:
            answer = self.read()
            if answer.get("id") == self.n:
                if "error" in answer:
                    raise SystemExit("%s: %s" % (method, answer["error"]))
                return answer["result"]
            self.events.append(answer)

    def wait(self, method):
        while True:
            for event in self.events:
                if event.get("method") == method:
                    return
            self.events.append(self.read())

    def ask(self, script):
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in answer:
            raise SystemExit("the look failed: %s" % json.dumps(answer["exceptionDetails"])[:600])
        return answer["result"].get("value")

    def open(self, path, width, theme):
        self.events = []
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        self.call("Page.navigate", url="file://" + os.path.abspath(path))
        self.wait("Page.loadEventFired")

    # Console, errors, requests since the page was opened.
    def complaints(self, path):
        wrong = []
        for event in self.events:
            method, params = event.get("method"), event.get("params", {})
            if method in ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
                wrong.append("console: " + json.dumps(params)[:200])
            elif method == "Network.requestWillBeSent":
                url = params["request"]["url"]
                if not url.startswith("data:") and url.split("#")[0] != "file://" + os.path.abspath(path):
                    wrong.append("fetches " + url)
        return wrong

    # The page in pieces that an image viewer shows as they are: path-1.png, path-2.png, ...
    def shot(self, path, width):
        height = self.call("Page.getLayoutMetrics")["cssContentSize"]["height"]
        piece = 1300 if width > 600 else 1600
        for i in range(min(SHOTS, int(height + piece - 1) // piece)):
            clip = {"x": 0, "y": i * piece, "width": width, "height": min(piece, height - i * piece), "scale": 1}
            data = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)["data"]
            with open("%s-%d.png" % (path, i + 1), "wb") as file:
                file.write(base64.b64decode(data))

    def close(self):
        self.session = None
        try:
            self.call("Browser.close")
        except (SystemExit, OSError):
            pass
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)


# Keys: the first Tab reaches the link that skips, links to lines unfold what they lie in.
def check_keys(browser, path):
    wrong = []
    browser.open(path, 1440, "light")
    for kind in ("keyDown", "keyUp"):
        browser.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
    if browser.ask("document.activeElement.className") != "skip":
        wrong.append("the first Tab does not reach the skip link")
    if browser.ask("document.querySelectorAll('.source .l').length"):
        browser.ask("document.querySelectorAll('details').forEach(d => d.open = false); location.hash = '#source-1-3'")
        if not browser.ask("document.getElementById('source-1-3').checkVisibility()"):
            wrong.append("a link to a line does not show it")
    return wrong


def check(browser, path, shots):
    wrong = []
    name = os.path.basename(path)
    for width in (390, 1440):
        for theme in ("light", "dark"):
            browser.open(path, width, theme)
            for state in ("folded", "unfolded"):
                if state == "unfolded":
                    browser.ask("document.querySelectorAll('details').forEach(d => d.open = true)")
                seen = browser.ask(LOOK.replace('(%d)', '(%d)' % width))
                wrong += ["%s %d %s %s: %s" % (name, width, theme, state, w) for w in seen["wrong"]]
                if shots:
                    browser.shot(os.path.join(shots, "%s-%d-%s-%s" % (name[:-5], width, theme, state)), width)
                    print(name, width, theme, state, {k: seen[k] for k in ("plots", "texts", "height")})
            wrong += ["%s: %s" % (name, w) for w in browser.complaints(path)]
    return wrong + ["%s: %s" % (name, w) for w in check_keys(browser, path)]


def main(argv):
    shots = None
    if argv[1] == "--shots":
        shots = argv[2]
        del argv[1:3]
    else:
        signal.signal(signal.SIGALRM, lambda *_: sys.exit("the browser did not answer in time"))
        signal.alarm(SECONDS)
    browser = Browser(argv[0])
    try:
        wrong = []
        for path in argv[1:]:
            wrong += check(browser, path, shots)
    finally:
        signal.alarm(10)
        browser.close()
    print("\n".join(wrong[:40]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
