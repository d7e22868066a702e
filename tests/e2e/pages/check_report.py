#!/usr/bin/env python3
"""helio-report's page in a real browser: it draws itself, loads nothing, works by keyboard, in light and dark. Usage: check_report.py BIN_DIR"""
import json
import math
import pathlib
import subprocess
import sys
import tempfile

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1]), str(pathlib.Path(__file__).resolve().parent)]
from support import check, must
from browser import browser, console_errors, keep_picture

BIN = pathlib.Path(sys.argv[1]).resolve()


def make_run(folder, seed, steps=500):
    """What a training leaves, in small: curves, scores, samples of three steps, an evaluation."""
    from PIL import Image
    (folder / "samples").mkdir(parents=True)
    (folder / "evaluation").mkdir()
    with (folder / "metrics.jsonl").open("w") as out:
        for step in range(1, steps + 1):
            losses = {"g/kl": math.exp(-step / 200) * seed + 0.1 * math.sin(step), "d64/real": 0.7 - step / 2000 / seed}
            out.write(json.dumps({"step": step, "losses": losses, "images_per_second": 90 + seed + step % 7}) + "\n")
            if step % 100 == 0:
                out.write(json.dumps({"step": step, "scores": {"inception_score": 1 + step / 200 * seed}}) + "\n")
    (folder / "run.flags").write_text(f"--recipe=mirrorgan\n--seed={seed}\n--batch=16\n--data=</script><b>x</b>\n")
    for step in (100, 300, 500):
        Image.new("RGB", (64, 64), (step // 2, 40 * seed, 90)).save(folder / f"samples/step-{step:07d}.png")
    score = {"value": 3.2, "deviation": 0.2, "protocol": "N=300 splits=10"}
    (folder / "evaluation/summary.json").write_text(json.dumps({"generated": {"inception_score": score}}))


def check_page(driver, page, dark):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    driver.get(page.as_uri())
    find = lambda css: driver.find_elements(By.CSS_SELECTOR, css)
    theme = driver.execute_script("return document.documentElement.dataset.theme")
    check(theme == ("dark" if dark else "light"), f"the page follows the system's theme ({theme})")
    check(len(find("#losses svg.chart .curve")) == 4, "two losses of two runs are drawn")
    check(len(find("#scores svg.chart .dot")) == 10, "scores are points")
    check(len(find("#overview tbody tr")) == 2 and not find("b b") and not find("td > b"), "runs are listed; text of a run is text")
    check("N=300 splits=10" in find("#final")[0].text and "26.47" in find("#papers")[0].text, "final scores stand beside the papers'")

    chart = find("#losses svg.chart")[0]
    chart.send_keys(Keys.ARROW_LEFT)
    said = driver.execute_script("return document.querySelector('#losses .readout').textContent")
    check(said.startswith("step 500") and "one" in said and "two" in said, f"a chart answers to the keyboard ({said.strip()})")

    slider = find("#samples input[type=range]")[0]
    source = lambda: find("#samples img")[0].get_attribute("src")
    last = source()
    slider.send_keys(Keys.HOME)
    check("step 100" in find("#samples output")[0].text and source() != last, "the slider goes back to the first samples by keyboard")

    find("#runs input")[0].send_keys(Keys.SPACE)
    check(len(find("#losses svg.chart .curve")) == 2 and len(find("#samples figure")) == 1, "a run can be hidden by keyboard")
    find("#runs input")[0].send_keys(Keys.SPACE)
    find("#losses input[type=checkbox]")[0].send_keys(Keys.SPACE)
    driver.execute_script("const s = document.querySelector('#losses input[type=range]'); s.value = .9; s.dispatchEvent(new Event('input'))")
    check(len(find("#losses .curve.raw")) == 4, "curves can be smoothed")

    find("#samples figure button")[0].send_keys(Keys.ENTER)
    check(find("#zoom")[0].is_displayed(), "a picture opens by keyboard")
    find("#zoom button")[0].send_keys(Keys.ENTER)
    check(not find("#zoom")[0].is_displayed(), "and closes")
    find("#theme")[0].send_keys(Keys.ENTER)
    check(driver.execute_script("return document.documentElement.dataset.theme") != theme, "the theme changes by keyboard")
    find("#theme")[0].send_keys(Keys.ENTER)
    wide = driver.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
    check(wide <= 0, "nothing runs out of the window")
    keep_picture(driver, f"report-{theme}")


def check_network(driver):
    """Only the page itself and data: URIs were asked for."""
    asked = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    urls = [m["params"]["request"]["url"] for m in asked if m["method"] == "Network.requestWillBeSent"]
    others = [url for url in urls if not url.startswith(("file://", "data:"))]
    check(urls and not others, f"nothing is loaded from elsewhere {others}")


def main():
    with tempfile.TemporaryDirectory(prefix="helio_report_") as name:
        work = pathlib.Path(name)
        for seed, run in ((1, "one"), (2, "two")):
            make_run(work / run, seed)
        must(BIN / "helio-report", work / "one", work / "two", f"--out={work}/report")
        refused = subprocess.run([BIN / "helio-report", work / "nowhere"], capture_output=True, text=True)
        check(refused.returncode == 1 and "is no folder" in refused.stderr, "a folder that is not there is named")
        for dark, width in ((False, 1300), (True, 500)):
            with browser(dark, width) as driver:
                check_page(driver, work / "report/index.html", dark)
                check_network(driver)
                errors = console_errors(driver)
                check(not errors, f"no console errors {errors}")


if __name__ == "__main__":
    main()
