"""E-mail domains: which belong to a company, and which to everybody. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

# Whoever has an address here shares the provider, not the employer.
FREE_MAIL = frozenset(
    {
        "gmail.com", "googlemail.com", "outlook.com", "outlook.de", "hotmail.com", "hotmail.de", "hotmail.fr",
        "hotmail.co.uk", "hotmail.it", "live.com", "live.de", "live.nl", "live.fr", "msn.com", "yahoo.com", "yahoo.de",
        "yahoo.fr", "yahoo.it", "yahoo.es", "yahoo.co.uk", "ymail.com", "rocketmail.com", "aol.com", "aol.de",
        "icloud.com", "me.com", "mac.com", "gmx.de", "gmx.net", "gmx.at", "gmx.ch", "gmx.com", "gmx.eu", "gmx.org",
        "web.de", "email.de", "t-online.de", "magenta.de", "freenet.de", "arcor.de", "vodafone.de", "vodafonemail.de",
        "online.de", "1und1.de", "posteo.de", "posteo.net", "mailbox.org", "proton.me", "protonmail.com", "pm.me",
        "tutanota.com", "tutanota.de", "tuta.com", "tuta.io", "mail.com", "mail.de", "email.com", "zoho.com",
        "bluewin.ch", "sunrise.ch", "hispeed.ch", "aon.at", "chello.at", "a1.net", "kabsi.at", "orange.fr",
        "wanadoo.fr", "free.fr", "laposte.net", "sfr.fr", "libero.it", "virgilio.it", "tiscali.it", "alice.it",
        "tin.it", "terra.es", "telefonica.net", "btinternet.com", "sky.com", "virginmedia.com", "ntlworld.com",
        "blueyonder.co.uk", "talktalk.net", "ziggo.nl", "kpnmail.nl", "planet.nl", "hetnet.nl", "home.nl", "xs4all.nl",
        "skynet.be", "telenet.be", "wp.pl", "o2.pl", "onet.pl", "interia.pl", "op.pl", "seznam.cz", "centrum.cz",
        "email.cz", "post.cz", "azet.sk", "telia.com", "comhem.se", "spray.se", "online.no", "mail.dk", "yandex.ru",
        "yandex.com", "mail.ru", "inbox.ru", "list.ru", "bk.ru", "rambler.ru", "ukr.net", "qq.com", "163.com",
        "126.com", "fastmail.com", "hey.com", "mail.ee", "inbox.lv", "abv.bg", "freemail.hu", "citromail.hu",
        "privaterelay.appleid.com", "duck.com", "mozmail.com", "verizon.net", "comcast.net", "att.net", "sbcglobal.net",
    }
)  # fmt: skip
_DOMAIN = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]\Z")


def clean_domain(text: str) -> str:
    """``"https://www.Firma.example/shop"`` or ``"@firma.example"`` → ``"firma.example"``; empty for what is none."""
    word = text.strip().lower()
    if "//" in word:
        try:
            word = urlsplit(word).hostname or ""
        except ValueError:
            return ""
    word = word.rpartition("@")[2].removeprefix("www.").rstrip(".")
    try:
        word = word.encode("idna").decode()
    except UnicodeError:
        return ""
    return word if _DOMAIN.match(word) else ""


def is_company_domain(domain: str) -> bool:
    """Whether an address there says for whom somebody works."""
    return bool(domain) and domain not in FREE_MAIL
