#!/usr/bin/env python3
"""helio-report's page in a real browser: it draws itself, loads nothing, works by keyboard, in light and dark. Usage: check_report.py BIN_DIR"""
import json
import math
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import check, run, wait_for  # noqa: E402
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
    Image.new("RGB", (320, 200), (200, 160, 40)).save(folder / "evaluation/attention.png")
    score = {"value": 3.2, "deviation": 0.2, "protocol": "N=300 splits=10"}
    (folder / "evaluation/summary.json").write_text(json.dumps({"generated": {"inception_score": score}}))


def finder(driver):
    from selenium.webdriver.common.by import By
    return lambda css: driver.find_elements(By.CSS_SELECTOR, css)


def check_shown(find):
    """What the page has of two runs."""
    check(len(find("#losses svg.chart .curve")) == 4, "two losses of two runs are drawn")
    check(len(find("#scores svg.chart .dot")) == 10, "scores are points")
    check(len(find("#overview tbody tr")) == 2 and not find("b b") and not find("td > b"), "runs are listed; text of a run is text")
    check("N=300 splits=10" in find("#final")[0].text and "26.47" in find("#papers")[0].text, "final scores stand beside the papers'")
    check([caption.text for caption in find("#pictures figcaption")] == ["one: evaluation/attention", "two: evaluation/attention"],
          "what words looked at is shown, of each run")


def check_charts(driver, find):
    from selenium.webdriver.common.keys import Keys
    find("#losses svg.chart")[0].send_keys(Keys.ARROW_LEFT)
    said = driver.execute_script("return document.querySelector('#losses .readout').textContent")
    check(said.startswith("step 500") and "one" in said and "two" in said, f"a chart answers to the keyboard ({said.strip()})")
    find("#runs input")[0].send_keys(Keys.SPACE)
    check(len(find("#losses svg.chart .curve")) == 2 and len(find("#samples figure")) == 1, "a run can be hidden by keyboard")
    find("#runs input")[0].send_keys(Keys.SPACE)
    find("#losses input[type=checkbox]")[0].send_keys(Keys.SPACE)
    driver.execute_script("const s = document.querySelector('#losses input[type=range]'); s.value = .9; s.dispatchEvent(new Event('input'))")
    check(len(find("#losses .curve.raw")) == 4, "curves can be smoothed")


def check_samples(find):
    from selenium.webdriver.common.keys import Keys
    slider = find("#samples input[type=range]")[0]
    source = lambda: find("#samples img")[0].get_attribute("src")
    last = source()
    slider.send_keys(Keys.HOME)
    check("step 100" in find("#samples output")[0].text and source() != last, "the slider goes back to the first samples by keyboard")
    find("#samples figure button")[0].send_keys(Keys.ENTER)
    check(find("#zoom")[0].is_displayed(), "a picture opens by keyboard")
    find("#zoom button")[0].send_keys(Keys.ENTER)
    check(not find("#zoom")[0].is_displayed(), "and closes")


def check_page(driver, page, dark):
    from selenium.webdriver.common.keys import Keys
    driver.get(page.as_uri())
    find = finder(driver)
    theme = driver.execute_script("return document.documentElement.dataset.theme")
    check(theme == ("dark" if dark else "light"), f"the page follows the system's theme ({theme})")
    check_shown(find)
    check_charts(driver, find)
    check_samples(find)
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


def make_drawings(folder, colour, captions, seed=1):
    """What helio-generate --texts leaves, in small."""
    from PIL import Image
    folder.mkdir(parents=True)
    lines = [{"file": f"p-{i}.png", "kind": "picture", "caption": caption, "seed": seed, "noise": i} for i, caption in enumerate(captions, 1)]
    for line in lines:
        Image.new("RGB", (48, 48), colour).save(folder / line["file"])
    (folder / "p.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def rank_all(driver, favourite, names):
    """Ranks `favourite` first everywhere, by keys; returns what was asked."""
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    body, asked = driver.find_element(By.TAG_NAME, "body"), []
    while driver.find_element(By.ID, "ask").is_displayed():
        asked.append((driver.find_element(By.ID, "question").text, driver.find_element(By.ID, "caption").text))
        order = driver.execute_script("return current().shown")
        body.send_keys(str(order.index(names.index(favourite)) + 1))
        body.send_keys(str(order.index(next(i for i, name in enumerate(names) if name != favourite)) + 1))
        driver.find_element(By.ID, "question").send_keys(Keys.ENTER)
    return asked


def nothing_is_wrong(driver):
    wide = driver.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
    check(wide <= 0, "nothing runs out of the window")
    check_network(driver)
    errors = console_errors(driver)
    check(not errors, f"no console errors {errors}")


def check_keys(driver, name, theme):
    """Ranks by keys, taken back, kept over a reload; the first group is as it was in the end."""
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    find = lambda selector: driver.find_element(By.CSS_SELECTOR, selector)
    ranks = lambda: [rank.text for rank in driver.find_elements(By.CSS_SELECTOR, ".rank")]
    find("#name").send_keys(name, Keys.ENTER)
    check(find("#progress").text == "1 of 6" and not find("#caption").is_displayed(), "first pictures alone are shown")
    body = find("body")
    body.send_keys("2")
    body.send_keys("2")
    check(ranks() == ["", "1st", ""], "a key gives a rank, once")
    body.send_keys("1")
    check(ranks() == ["2nd", "1st", "3rd"] and find("#next").is_enabled(), "what is left has the last rank")
    keep_picture(driver, f"study-{theme}")
    body.send_keys(Keys.BACKSPACE)
    check(ranks() == ["", "1st", ""] and not find("#next").is_enabled(), "Backspace takes a choice back")
    order = driver.execute_script("return current().shown")
    driver.refresh()
    find("#name").send_keys(name, Keys.ENTER)
    check(ranks() == ["", "1st", ""] and driver.execute_script("return current().shown") == order, "what was answered outlives a reload")
    find("body").send_keys(Keys.BACKSPACE)


def check_saved(driver, file, names):
    """What stands on the last page, where "green" was the first of all."""
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    answers = json.loads(driver.find_element(By.ID, "answers").get_attribute("value"))
    study_id, key = driver.execute_script("return [data.study_id, storeKey()]")
    check(answers["study_id"] == study_id and study_id in key, "the answers, and what is stored, are of these pictures")
    check({(a["seed"], a["noise"]) for a in answers["answers"]} == {(1, 1), (1, 2), (1, 3)}, "and of their noise")
    check(all(a["ranking"][0] == "green" and sorted(a["shown"]) == names for a in answers["answers"]), "the answers are what was chosen")
    driver.find_element(By.ID, "save").send_keys(Keys.ENTER)
    wait_for("the answers are saved", file.exists, 60)
    check(json.loads(file.read_text()) == answers, f"the file that is saved has them, too: {file.name}")


def check_study(work, dark):
    """A participant goes through a study by keyboard, reloads in between; the file that is saved."""
    name = "Dark" if dark else "Light"
    file = work / f"study-{name}.json"
    with browser(dark, 500 if dark else 1300, 900) as driver:
        driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(work)})
        driver.get((work / "study/study.html").as_uri())
        names = driver.execute_script("return data.runs")
        check(names == ["blue", "green", "red"], f"runs are named by their folders: {names}")
        check_keys(driver, name, "dark" if dark else "light")
        asked = rank_all(driver, "green", names)
        check(len(asked) == 6 and {caption for _, caption in asked[3:]} == {"a red <b>bird</b>", "a blue bird", "a small bird"}, f"then each with its sentence {asked}")
        check_saved(driver, file, names)
        nothing_is_wrong(driver)
    return file


def study(work):
    captions = ["a red <b>bird</b>", "a blue bird", "a small bird"]
    for name, colour in (("red", (200, 30, 30)), ("green", (30, 160, 60)), ("blue", (40, 60, 200))):
        make_drawings(work / "drawn" / name, colour, captions if name != "red" else [*captions, "only here"])
    runs = [work / "drawn" / name for name in ("blue", "green", "red")]
    run(BIN / "helio-report", "--study", *runs, f"--out={work}/study")
    make_drawings(work / "drawn/other", (9, 9, 9), captions, seed=2)
    make_drawings(work / "drawn/outside", (9, 9, 9), captions)
    manifest = work / "drawn/outside/p.jsonl"
    manifest.write_text(manifest.read_text().replace("p-2.png", "../blue/p-2.png"))
    for folders, expected in ((runs[:1], "2 to 9 runs"), ([runs[0], work / "one"], "no pictures with a manifest"), ([runs[0], runs[0]], "named twice"),
                              ([runs[0], work / "drawn/other"], "noise of the same seed and number"),
                              ([runs[0], work / "drawn/outside"], "p.jsonl, line 2: names '../blue/p-2.png', which is no PNG picture in its folder")):
        refused = subprocess.run([BIN / "helio-report", "--study", *folders, f"--out={work}/study2"], capture_output=True, text=True)
        check(refused.returncode == 1 and expected in refused.stderr, f"a study that cannot be is refused: {expected}")
    files = [check_study(work, dark) for dark in (False, True)]
    table = run(ROOT / "scripts/study_table", *files).out
    check("| green | 100.0 ± 0.0 % | 1.00 ± 0.00 | 100.0 ± 0.0 % | 1.00 ± 0.00 |" in table and "2 participants, 3 groups" in table, "scripts/study_table scores them")


def main():
    with tempfile.TemporaryDirectory(prefix="helio_report_") as name:
        work = pathlib.Path(name)
        for seed, folder in ((1, "one"), (2, "two")):
            make_run(work / folder, seed)
        run(BIN / "helio-report", work / "one", work / "two", f"--out={work}/report")
        refused = subprocess.run([BIN / "helio-report", work / "nowhere"], capture_output=True, text=True)
        check(refused.returncode == 1 and "is no folder" in refused.stderr, "a folder that is not there is named")
        for dark, width in ((False, 1300), (True, 500)):
            with browser(dark, width) as driver:
                check_page(driver, work / "report/index.html", dark)
                check_network(driver)
                errors = console_errors(driver)
                check(not errors, f"no console errors {errors}")
        study(work)


if __name__ == "__main__":
    main()
