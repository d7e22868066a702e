#!/usr/bin/env python3
"""helio-serve with a hardly trained system: its JSON, its page in a real browser, clients that misbehave, an end in order. Usage: check_serve.py BIN_DIR"""
import base64
import concurrent.futures
import io
import json
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import check, run, wait_for  # noqa: E402
from scenarios import Services, make_data, toy_flags  # noqa: E402
from browser import browser, console_errors, keep_picture

BIN = pathlib.Path(sys.argv[1]).resolve()
PATIENCE = 180  # seconds; of a loaded machine


class Server:
    """helio-serve at a port that the kernel chose."""

    def __init__(self, services, run, name="serve", *flags):
        self.name, self.services = name, services
        self.job = services.start(name, BIN / "helio-serve", f"--checkpoint={run}", "--port=0", *flags)
        found = wait_for("helio-serve listens", lambda: self.job.poll() is not None or re.search(r"at http://127\.0\.0\.1:(\d+)/", services.log(name)), PATIENCE)
        check(found is not True, f"helio-serve runs\n{services.log(name) if found is True else ''}")
        self.port = int(found[1])
        self.url = f"http://127.0.0.1:{self.port}/"

    def ask(self, body, path="api/draw", **headers):
        """Status and JSON of an answer."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json", **headers})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def get(self, path=""):
        with urllib.request.urlopen(self.url + path, timeout=PATIENCE) as answer:
            return answer.read().decode()

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def end(self):
        self.job.send_signal(signal.SIGTERM)
        return self.job.wait(timeout=PATIENCE)


def is_png(uri):
    return base64.b64decode(uri.removeprefix("data:image/png;base64,")).startswith(b"\x89PNG")


def pixels_of(uri):
    from PIL import Image
    return list(Image.open(io.BytesIO(base64.b64decode(uri.removeprefix("data:image/png;base64,")))).tobytes())


def check_answers(server):
    about = json.loads(server.get("api/model"))
    check(about["system"] == "mirrorgan" and about["vocabulary"] > 10 and about["limits"]["pictures"] == 8, f"what draws is said: {about}")
    status, drawn = server.ask({"caption": "this bird is red with a zebra belly", "pictures": 2})
    check(status == 200 and drawn["unknown"] == ["zebra"] and "red" in drawn["words"], "unknown words are named and left out")
    picture = drawn["pictures"][1]
    check(len(drawn["pictures"]) == 2 and [s["label"] for s in picture["stages"]] == ["16 px", "32 px"] and all(is_png(s["png"]) for s in picture["stages"]),
          f"all stages come: {[s['label'] for s in picture['stages']]}")
    maps = picture["attention"][0]["words"]
    check(0 < len(maps) <= 5 and all(is_png(m["png"]) and drawn["words"][m["place"] - 1] == m["word"] for m in maps), "and what words looked at")
    _, again = server.ask({"caption": "This bird is RED, with a zebra belly!", "pictures": 3, "stages": False, "attention": False})
    last = [p["stages"][-1]["png"] for p in again["pictures"]]
    check(len(again["pictures"][0]["stages"]) == 1 and "attention" not in again["pictures"][0], "less comes where less is asked for")
    moved = max(abs(a - b) for a, b in zip(pixels_of(last[0]), pixels_of(drawn["pictures"][0]["stages"][-1]["png"]), strict=True))
    check(moved <= 1 and len(set(last)) == 3, f"a picture is a function of words, seed and number, up to rounding ({moved})")
    _, other = server.ask({"caption": "this bird is red with a belly", "pictures": 1, "seed": 2})
    check(other["pictures"][0]["stages"][-1]["png"] != last[0], "another seed is another picture")


def check_refusals(server):
    caption = {"caption": "a red bird"}
    for body, expected in ((b"{", (400, "not_json")), ({}, (400, "no_caption")), ({"caption": " "}, (422, "no_caption")),
                           ({"caption": "red " * 400}, (422, "caption_too_long")), ({"caption": "qwertz zebra"}, (422, "unknown_words")),
                           ({**caption, "pictures": 100}, (422, "out_of_range")), ({**caption, "n": 1}, (400, "unknown_field")),
                           ({"caption": "a" * 20_000}, (413, "too_large"))):
        status, answer = server.ask(body)
        check((status, answer["error"]["code"]) == expected and answer["error"]["message"], f"{expected}: {answer['error']['message']}")
    check(server.ask(caption, path="api/paint")[0] == 404, "other paths are not found")
    check(server.ask(caption, **{"Content-Type": "text/plain"})[0] == 415, "what a foreign page could send unasked is refused")


def check_many(server):
    """Clients at the same time, silent ones among them: each gets its own pictures, and some were drawn together."""
    silent = [server.connect() for _ in range(8)]
    captions = [f"this bird is {colour} with a {other} belly" for colour in ("red", "blue", "green") for other in ("red", "white", "black")]
    ask = lambda caption: server.ask({"caption": caption, "pictures": 2, "attention": False})
    with concurrent.futures.ThreadPoolExecutor(len(captions)) as pool:
        together = list(pool.map(ask, captions))
    check(all(status == 200 and answer["caption"] == caption for caption, (status, answer) in zip(captions, together)), "clients at the same time are answered, each its own")
    print("drawn together:", [answer["drawn_together"] for _, answer in together])
    for connection in silent:
        connection.close()


def check_abuse(server):
    with server.connect() as connection:
        connection.sendall(b"POST /api/draw HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 1000000000000\r\n\r\n")
        sent = 0
        try:
            while sent < 200_000_000:
                sent += connection.send(b"x" * 65536)
        except OSError:
            pass
        check(sent < 200_000_000, f"a huge body is cut off ({sent >> 10} KiB)")
    with server.connect() as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01 no HTTP at all\r\n\r\n")
        connection.recv(1000)
    check(server.ask({"caption": "a red bird", "pictures": 1})[0] == 200, "and the server goes on")


def finder(driver):
    """(all elements of a selector, how many there are)"""
    from selenium.webdriver.common.by import By
    find = lambda css: driver.find_elements(By.CSS_SELECTOR, css)
    return find, lambda css: len(find(css))


def draw_a_caption(driver, theme):
    from selenium.webdriver.common.keys import Keys
    find, count = finder(driver)
    find("#caption")[0].send_keys("this bird is red with a zebra belly and a black head", Keys.ENTER)
    wait_for("pictures", lambda: count("#drawn .card") == 4, PATIENCE)
    check(count("#drawn .card > figure img") == 4 and count("#drawn .strip img") >= 4 * 3, "a caption typed is drawn, with stages and what words looked at")
    check("zebra" in find("#unknown")[0].text, "unknown words are named")
    find("#attention")[0].send_keys(Keys.SPACE)
    check(count("#drawn .strip img") == 4 * 2, "what is shown beside them can be chosen by keyboard")
    find("#attention")[0].send_keys(Keys.SPACE)
    keep_picture(driver, f"serve-{theme}")


def change_a_word(driver, theme):
    from selenium.webdriver.common.keys import Keys
    find, count = finder(driver)
    red = next(word for word in find("#words button") if word.text == "red")
    red.send_keys(Keys.ENTER)
    box = find("#words input")[0]
    check(driver.switch_to.active_element == box and box.get_attribute("value") == "red", "a word opens by keyboard")
    box.send_keys("qwertz", Keys.ENTER)
    check("qwertz" in wait_for("a word that is not known is refused", lambda: find("#trouble")[0].text, PATIENCE), "a word that is not known is refused")
    box = find("#words input")[0]
    driver.execute_script("arguments[0].select()", box)
    box.send_keys("blue", Keys.ENTER)
    wait_for("the changed pictures", lambda: count("#drawn .compared") == 4, PATIENCE)
    check([mark.text for mark in find("#drawn .card:first-child mark")] == ["red", "blue"], "the changed word is marked in both captions")
    differences = lambda: [caption.text for caption in find("#drawn .difference figcaption")]
    said = wait_for("the difference", lambda: all("of 255" in text for text in differences()) and differences()[0], PATIENCE)
    check(count("#drawn .before img") == count("#drawn .after img") > 4, f"both stand beside each other ({said})")
    check(find("#words button.changed")[0].text == "blue" and driver.switch_to.active_element.text == "blue", "the focus stays at the word")
    keep_picture(driver, f"serve-edit-{theme}")


def check_page(driver, server, dark):
    from selenium.webdriver.common.keys import Keys
    driver.get(server.url)
    find, _ = finder(driver)
    check("mirrorgan" in wait_for("the model's name", lambda: "mirrorgan" in find("#model")[0].text and find("#model")[0].text, PATIENCE), "the page says what draws")
    theme = driver.execute_script("return document.documentElement.dataset.theme")
    check(theme == ("dark" if dark else "light"), f"the page follows the system's theme ({theme})")
    draw_a_caption(driver, theme)
    change_a_word(driver, theme)
    find("#theme")[0].send_keys(Keys.ENTER)
    check(driver.execute_script("return document.documentElement.dataset.theme") != theme, "the theme changes by keyboard")
    wide = driver.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
    check(wide <= 0, "nothing runs out of the window")


def check_browser(server):
    for dark, width in ((False, 1300), (True, 500)):
        with browser(dark, width) as driver:
            check_page(driver, server, dark)
            asked = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
            urls = [m["params"]["request"]["url"] for m in asked if m["method"] == "Network.requestWillBeSent"]
            others = [url for url in urls if not url.startswith((server.url, "data:"))]
            check(urls and not others, f"nothing is loaded from elsewhere {others}")
            errors = console_errors(driver)
            check(not errors, f"no console errors {errors}")


def check_end(server):
    """A request in flight is answered although the server was told to end."""
    body = json.dumps({"caption": "a red bird", "pictures": 8}).encode()
    with server.connect() as connection:
        head = f"POST /api/draw HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)
        wait_for("the server reads the request", lambda: was_read(connection.getsockname()[1], server.port), PATIENCE, 0.01)
        server.job.send_signal(signal.SIGTERM)
        said = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    code = server.job.wait(timeout=PATIENCE)
    answer = json.loads(said.partition(b"\r\n\r\n")[2])
    check(code == 0 and said.startswith(b"HTTP/1.1 200") and len(answer["pictures"]) == 8, f"SIGTERM: who has asked is answered, exit code {code}")


def was_read(client, port):
    """Whether what the client sent to the port has arrived there and been taken from the kernel."""
    queues = {}  # (own port, other port) -> bytes on the way, bytes not read
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, _, waiting, *_ = line.split()
        queues[int(local.split(":")[1], 16), int(remote.split(":")[1], 16)] = [int(part, 16) for part in waiting.split(":")]
    return queues.get((client, port), [1, 0])[0] == 0 and queues.get((port, client), [0, 1])[1] == 0


def check_starts(trained, work, server):
    """What is refused at the start."""
    start = lambda *flags: subprocess.run([BIN / "helio-serve", *flags], capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE)
    done = start("--port=0")
    check(done.returncode == 1 and "--checkpoint" in done.stderr, "a missing checkpoint is named")
    done = start(f"--checkpoint={trained}", f"--port={server.port}")
    check(done.returncode == 1 and "cannot be listened at" in done.stderr, "a port that is taken is named")
    run(BIN / "helio-train", "--recipe=gawwn_box", "--random_frozen", "--sentence=damsm", "--embedding=16", "--word_vector=16", "--base_side=16", "--gf=4", "--df=4", "--z=8", "--batch=8",
        "--threads=1", f"--data={work}/data", "--steps=1", f"--out={work}/boxes")
    done = start(f"--checkpoint={work}/boxes", "--port=0")
    check(done.returncode == 1 and "told where to draw" in done.stderr, "a system that must be told more is refused")
    run(BIN / "helio-train", "--recipe=stackgan_pp", "--noconditional", "--stages=2", "--base_side=16", "--gf=4", "--df=4", "--z=8", "--batch=8", "--threads=1",
        f"--data={work}/data", "--steps=1", f"--out={work}/noise")
    done = start(f"--checkpoint={work}/noise", "--port=0")
    check(done.returncode == 1 and "draws of noise alone" in done.stderr, "and so is one that reads no captions")


def main():
    with tempfile.TemporaryDirectory(prefix="helio_serve_") as name:
        work = pathlib.Path(name)
        make_data(BIN, work)
        trained = work / "run"
        run(BIN / "helio-train", *toy_flags(work, 2), f"--out={trained}")
        with Services(work) as services:
            server = Server(services, trained, "serve", "--requests_per_minute=100000", "--silence=30")
            check_answers(server)
            check_refusals(server)
            check_many(server)
            check_abuse(server)
            check_starts(trained, work, server)
            check_end(server)
            hasty = Server(services, trained, "hasty", "--requests_per_minute=1")
            hasty.ask({"caption": "a red bird", "pictures": 1})
            status, answer = hasty.ask({"caption": "a red bird", "pictures": 1})
            check(status == 429 and answer["error"]["code"] == "too_often", "who asks too often is told so")
            check(hasty.end() == 0, "it ends")
            server = Server(services, trained, "browsed", "--requests_per_minute=100000")
            check_browser(server)
            check(server.end() == 0, "it ends while a browser was there")


if __name__ == "__main__":
    main()
