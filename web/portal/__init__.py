"""The portal: pages for staff, behind a login."""

from web.portal import (
    account,
    accounts,
    answers,
    audit,
    calendar,
    evaluations,
    gaps,
    inbox,
    knowledge,
    leavers,
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
    *evaluations.routes,
    *leavers.routes,
    *accounts.routes,
    *audit.routes,
]
