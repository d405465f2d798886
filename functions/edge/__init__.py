"""What the HTTP functions share: who asks, how often, in which form, and how answers and refusals look.

A function module is its groups of routes, an app and a handler; it holds no rule and no `try`::

    from functions.edge.app import create_app, edge_router
    from functions.edge.authentication import CurrentPlayer
    from functions.edge.blocking import run_blocking
    from functions.edge.idempotency import IdempotentCall
    from functions.edge.lambda_entry import lambda_handler
    from functions.edge.models import Amount, View
    from functions.edge.problems import refusals
    from functions.edge.route_groups import RouteGroup

    class DailyReward(View):
        amount: Amount

    def economy_router(parts: Callable[[], EconomyParts]) -> APIRouter:
        router = edge_router()

        @router.post("/api/economy/daily", operation_id="claimDaily", responses=refusals("daily_taken"))
        async def claim_daily(player: CurrentPlayer, call: IdempotentCall) -> DailyReward:
            outcome = await run_blocking(
                claim_daily_login, player.id, key=call.key, fingerprint=call.fingerprint,
                committer=parts().committer)
            return DailyReward.model_validate(call.answer(outcome))

        return router

    GROUPS = [RouteGroup(("/api/economy",), lambda: economy_router(economy_parts))]
    app = create_app("economy", groups=GROUPS, wiring=economy_parts.edge)
    handler = lambda_handler(app, wiring=economy_parts.edge, forget=economy_parts.forget,
                             load=(app.load_routes, economy_parts))

`economy_parts` is a `shared.bootstrap.http_function.HttpFunction`: `edge` answers a `shared.wiring.EdgeWiring`,
calling it what the routes work with; both are asked once per request or more, and keep what they made.

Every route of an `edge_router` is, in this order: authenticated (if it asks for a CurrentPlayer), rate limited, its body judged, its fields judged, and only then run.
Refused and Unavailable raised by services become problem+json by themselves.

This package module imports nothing: the health function uses the light half (exchange, boundary,
problems, cors) and must not pay for FastAPI.
"""
