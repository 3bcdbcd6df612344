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
    *calendar.routes,
    *knowledge.routes,
    *gaps.routes,
    *accounts.routes,
    *audit.routes,
]
