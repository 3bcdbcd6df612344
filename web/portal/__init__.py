"""The portal: pages for staff, behind a login."""

from web.portal import (
    account,
    accounts,
    answers,
    audit,
    calendar,
    gaps,
    inbox,
    knowledge,
    live,
    login,
    oidc,
    reset,
    scan,
    school,
)

routes = [
    *login.routes,
    *oidc.routes,
    *reset.routes,
    *account.routes,
    *live.routes,
    *inbox.routes,
    *answers.routes,
    *school.routes,
    *scan.routes,
    *calendar.routes,
    *knowledge.routes,
    *gaps.routes,
    *accounts.routes,
    *audit.routes,
]
