"""Signing in, as a browser meets it."""


def test_a_right_password_opens_and_a_new_session_is_given(door):
    there = door()
    there.make("anna")
    browser = there.browser()
    browser.get("/sign-in")
    before = browser.cookies["soundpost"]

    answer = there.post(browser, "/sign-in", name="anna", password=there.password, next="/account")

    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert browser.cookies["soundpost"] != before
    assert browser.get("/account").status_code == 200
    assert there.log() == [("anna", "signed in", "")]
