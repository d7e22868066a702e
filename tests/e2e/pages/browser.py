"""A headless Chromium for pages that Heliograph makes or serves (Debian's chromium, driven by Selenium)."""
import contextlib
import os

from checks import need  # noqa: E402


@contextlib.contextmanager
def browser(dark=False, width=1300, height=1600):
    """A driver whose console is read by console_errors()."""
    need("chromium", "chromedriver")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--window-size={width},{height}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    driver.set_page_load_timeout(120)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})
    try:
        yield driver
    finally:
        driver.quit()


def console_errors(driver):
    return [entry["message"] for entry in driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]


def keep_picture(driver, name):
    """A screenshot into the folder that HELIO_PICTURES names, for people to look at."""
    if folder := os.environ.get("HELIO_PICTURES"):
        driver.save_screenshot(f"{folder}/{name}.png")
