"""What parties agree, in words: contracts, what a partner gets to see, platforms, and data assets."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from analysis.compare import Comparison
from analysis.points import floats, values_of
from analysis.report_sources import group_of, with_unit
from analysis.report_tables import Table
from analysis.report_text import joined, level, party_label, titles_of
from model.contract_checks import complying, privacy_noise, sharers, widest_sensitivity
from model.contracts import DataContract
from model.firms import ManufacturerInputs
from model.mechanisms.privacy import releases_touching
from model.platforms import DataPlatformInputs
from model.security import PrivacyRule

ASSETS = {
    "plan": ("production plan", "structured"), "orders": ("announced orders", "structured"),
    "log": ("maintenance log", "unstructured (text)"), "meter": ("meter readings", "real-time"),
    "price_forecast": ("price forecast", "structured"),
}  # fmt: skip
"""Asset -> what it is called, and what kind of data it is."""
YEAR_DAYS = 365
_DIRT = {
    "gap_rate": "hours missing", "mixup_rate": "days in kW", "shift_rate": "days in UTC",
    "stale_rate": "days sent twice", "label_rate": "days without time zone",
}  # fmt: skip
_RESOURCES = {
    "equipment": "machines", "labour": "workers", "heat": "heat", "by_product": "by-products",
    "storage": "stores of electricity", "station": "places for urgent jobs",
}  # fmt: skip
_WAYS = {
    "allocation": "allocated by a planner", "leasing": "leased pair by pair", "pooling": "pooled and auctioned",
}  # fmt: skip
_MOST_GROUPS = 2
"""Sets of members up to which each is told with its strategies."""
_SECURITY = {
    "none": "none beyond what is done anyway", "fixed": "a fixed sum",
    "share_of_exposure": "a part of the expected loss", "gordon_loeb": "Gordon and Loeb's optimum",
}  # fmt: skip


def contracts_of(inputs: Mapping[str, Any]) -> tuple[DataContract, ...]:
    """Return the contracts of a stored tree of inputs, as its privacy rule lets them be."""
    rule = group_of(PrivacyRule, inputs.get("privacy", {}))
    return tuple(complying(group_of(DataContract, pair), rule) for pair in inputs.get("contracts", ()))


def all_contracts(comparison: Comparison) -> dict[str, tuple[DataContract, ...]]:
    """Return strategy -> its contracts, as the privacy rule lets them be."""
    return {member.name: contracts_of(member.inputs) for member in comparison.tables.strategies}


def sharing_parties(contracts: Mapping[str, Sequence[DataContract]]) -> tuple[str, ...]:
    """Return all parties to contracts of any strategy: sharers first, then partners."""
    every = [pair for pairs in contracts.values() for pair in pairs]
    return tuple(dict.fromkeys([*(name for pair in every for name in sharers(pair)), *(p.partner for p in every)]))


def plan_contracts(contracts: Sequence[DataContract]) -> list[DataContract]:
    """Return the contracts that share production plans."""
    return [pair for pair in contracts if pair.asset == "plan"]


def firms_of(inputs: Mapping[str, Any], contract: DataContract) -> list[ManufacturerInputs]:
    """Return the manufacturers that share under a contract."""
    names = sharers(contract)
    return [group_of(ManufacturerInputs, one) for one in inputs.get("manufacturers", ()) if one["name"] in names]


def contract_words(contract: DataContract) -> str:
    """Return who shares what with whom, how, for which fee."""
    givers = joined([party_label(name) for name in sharers(contract)])
    verb = "share their" if len(sharers(contract)) > 1 else "shares its"
    via = f" over {contract.platform}" if contract.platform else ""
    how = "" if contract.variant == "raw" else f", {contract.variant}"
    fee = with_unit(contract.fee, "EUR/yr")
    asset = ASSETS[contract.asset][0]
    return (
        f"{givers} {verb} {asset} with {party_label(contract.partner)}{via} ({grain_words(contract)}{how}, fee {fee})"
    )


def grain_words(contract: DataContract) -> str:
    """Return how fine the shared values are."""
    if contract.asset == "log":
        return "every entry"
    if contract.asset == "orders" or contract.resolution == 24:
        return "the day's total"
    return "hourly values" if contract.resolution == 1 else f"blocks of {contract.resolution} h"


def seen_words(inputs: Mapping[str, Any], contract: DataContract) -> str:
    """Return what the partner gets to see of production plans."""
    members = firms_of(inputs, contract)
    count = sum(member.count for member in members)
    grain = grain_words(contract)
    if contract.variant == "encrypted":
        words = f"only the sum of {count} sharers, {grain}"
    elif contract.release == "tree":
        words = f"running totals over {contract.window} days, all {count} sharers together"
    elif contract.release == "sum":
        words = f"the sum of {count} sharers, {grain}"
    elif contract.k > 1:
        words = f"means of groups of at least {contract.k} sharers, {grain}"
    else:
        words = grain
    noise = noise_sd(contract, members)
    blur = [f"noise of {level(noise)} MW on each"] if noise else []
    if contract.mapping_sd and not has_standard(inputs, contract):
        blur.append(f"translation error of {with_unit(contract.mapping_sd, 'MW')}")
    return ", ".join([words, *blur])


def has_standard(inputs: Mapping[str, Any], contract: DataContract) -> bool:
    """Tell whether records follow a standard: the contract's, or that of its platform."""
    platforms = {one["name"]: one["standard"] for one in inputs.get("data_platforms", ())}
    return contract.standard != "none" or platforms.get(contract.platform, "none") != "none"


def noise_sd(contract: DataContract, members: list[ManufacturerInputs]) -> float:
    """Return the standard deviation of the noise added to each released value, MW."""
    noise = privacy_noise(contract, members) if members else None
    return math.hypot(contract.noise_sd, noise.sd if noise else 0.0)


def epsilon_words(inputs: Mapping[str, Any], contract: DataContract, year: float) -> tuple[str, str]:
    """Return what a contract's epsilon protects, as a sentence, and how: releases, noise, and a year's epsilon.

    Args:
        inputs: of the strategy.
        contract: with an epsilon.
        year: epsilon that a year of releases loses, as measured; NaN where no release was booked.
    """
    members = firms_of(inputs, contract)
    what = widest_sensitivity(contract, members).statement if members else ""
    if contract.release == "tree":
        how = f"one tree of running totals spends epsilon {contract.epsilon:g} on them all"
    else:
        touching = releases_touching(contract.protected, YEAR_DAYS)  # type: ignore[arg-type]
        often = "one of the year's daily releases" if touching == 1 else f"all {touching} releases of a year"
        how = (
            f"epsilon {contract.epsilon:g} a release by {contract.noise.capitalize()} noise (standard deviation "
            f"{level(noise_sd(contract, members))} MW), and {often} depends on what is protected"
        )
    bound = f", so that a year loses epsilon {year:.4g} at delta {contract.delta:g}" if math.isfinite(year) else ""
    budget = f", of a budget of {contract.budget:g}" if math.isfinite(contract.budget) else ""
    return what, f"{how}{bound}{budget}"


def agreement_table(comparison: Comparison) -> Table:
    """Return what the parties agree under each strategy."""
    titles = titles_of(comparison)
    rows = [
        (
            titles[member.name] + (" (baseline)" if member.name == comparison.baseline else ""), member.description,
            "; ".join([
                *(contract_words(pair) for pair in contracts_of(member.inputs)),
                *(resource_words(terms) for terms in member.inputs.get("resource_contracts", ())),
                *(technology_words(terms) for terms in member.inputs.get("technology_contracts", ())),
            ]) or "no contract",
        )
        for member in comparison.tables.strategies
    ]  # fmt: skip
    return Table("The strategies", ("strategy", "what is done", "contracts"), tuple(rows), words=(0, 1, 2))


def resource_words(terms: Mapping[str, Any]) -> str:
    """Return who shares which resource over which platform, how, and what part of it, from a stored contract."""
    what = _RESOURCES.get(terms["resource"], terms["resource"].replace("_", " "))
    how = _WAYS.get(terms["variant"], terms["variant"])
    asks_nobody = terms["partners"] == 0 and (terms["variant"] == "leasing" or terms["resource"] == "heat")
    part = "" if terms["offered"] == 1.0 else f", {100 * terms['offered']:g} % of what is idle"
    part = ", which shares nothing" if terms["offered"] == 0.0 or asks_nobody else part
    return f"{_members(terms)} share {what} over {terms['platform']} ({how}, {_mode(terms)}{part})"


def technology_words(terms: Mapping[str, Any]) -> str:
    """Return who learns from whom over which platform, and how, from a stored contract."""
    how = {
        "exchange": f"barter know-how in {terms['meetings']} meetings a quarter",
        "cooperation": "choose research together"
        + ("" if terms["joint_weight"] == 1.0 else f", a partner's profit weighing {terms['joint_weight']:g}"),
        "sharing": f"open {100 * terms['openness']:g} % of their experience to each other"
        + (f" for {100 * terms['royalty']:g} % of what it saves" if terms["royalty"] else ""),
    }.get(terms["variant"], f"share technology by {terms['variant']}")
    return f"{_members(terms)} {how} over {terms['platform']} ({_mode(terms)})"


def _members(terms: Mapping[str, Any]) -> str:
    return joined([party_label(name) for name in terms["members"]])


def _mode(terms: Mapping[str, Any]) -> str:
    return str(terms["mode"]).replace("_", "-")


def hub_table(comparison: Comparison) -> Table | None:
    """Return the resource and technology platforms that any strategy uses, a row each; None without any."""
    titles = titles_of(comparison)
    used: dict[tuple[str, ...], dict[str, dict[str, None]]] = {}
    for member in comparison.tables.strategies:
        for kind in ("resource", "technology"):
            terms = member.inputs.get(f"{kind}_contracts", ())
            for hub in member.inputs.get(f"{kind}_platforms", ()):
                names = dict.fromkeys(
                    name for one in terms if one["platform"] == hub["name"] for name in one["members"]
                )
                if names:
                    used.setdefault(_hub_cells(hub, kind), {}).setdefault(titles[member.name], names)
    rows = [(*cells[:2], _members_words(strategies), *cells[2:]) for cells, strategies in used.items()]
    head = ("platform", "for", "members", "governance", "running it", "a member's own side", "a member's fee",
            "commission or protection", "outages")  # fmt: skip
    caption = "Resource and technology platforms that strategies use"
    return Table(caption, head, tuple(rows), words=tuple(range(len(head)))) if rows else None


def _hub_cells(hub: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    is_resource = kind == "resource"
    rule = f"keeps {100 * hub['commission']:g} % of payments" if is_resource else (
        f"prevents {100 * hub['protection']:g} % of leaks"
    )  # fmt: skip
    bears = "members bear its result" if hub["governance"] == "cooperative" else "operator bears its result"
    return (
        str(hub["name"]), "resources" if is_resource else "technology", f"{hub['governance']}: {bears}",
        with_unit(hub["hub_cost"], "EUR/yr"), with_unit(hub["member_cost"], "EUR/yr"), with_unit(hub["fee"], "EUR/yr"),
        rule, f"{hub['outage_rate']:g} a year, {hub['outage_days']:g} days each on average",
    )  # fmt: skip


def _members_words(strategies: Mapping[str, Iterable[str]]) -> str:
    """Return who the members are; under which strategies, where that differs."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for title, names in strategies.items():
        groups.setdefault(tuple(names), []).append(f"“{title}”")
    if len(groups) == 1:
        return joined([party_label(name) for name in next(iter(groups))])
    if len(groups) > _MOST_GROUPS:
        every = dict.fromkeys(name for names in groups for name in names)
        sizes = [len(names) for names in groups]
        return f"{min(sizes)} to {max(sizes)} of {joined([party_label(name) for name in every])}, by strategy"
    return "; ".join(
        f"{joined([party_label(name) for name in names])} (under {joined(where)})" for names, where in groups.items()
    )


def platform_table(comparison: Comparison) -> Table | None:
    """Return the data platforms that any strategy uses, a column each and a row per property; None without any."""
    used: dict[DataPlatformInputs, dict[str, Any]] = {}
    for member in comparison.tables.strategies:
        for tree in member.inputs.get("data_platforms", ()):
            pairs = [pair for pair in contracts_of(member.inputs) if pair.platform == tree["name"]]
            if pairs:
                platform = group_of(DataPlatformInputs, tree)
                names = dict.fromkeys(name for pair in pairs for name in (*sharers(pair), pair.partner))
                used.setdefault(platform, {})[member.name] = names
    if not used:
        return None
    titles = titles_of(comparison)
    columns = [_platform_cells(platform, strategies, titles) for platform, strategies in used.items()]
    head = ("", *[platform.name for platform in used])
    rows = zip(_PLATFORM_ROWS, *columns, strict=True)
    return Table("Data platforms: hubs over which contracts run", head, tuple(rows), words=tuple(range(len(head))))


_PLATFORM_ROWS = (
    "members", "standard", "what it holds", "governance", "running the platform", "a member's interface",
    "a member's fee", "outages", "leaks of what it holds", "spending on security",
)  # fmt: skip


def _platform_cells(
    platform: DataPlatformInputs, strategies: Mapping[str, Iterable[str]], titles: Mapping[str, str]
) -> list[str]:  # fmt: skip
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, members in strategies.items():
        groups.setdefault(tuple(members), []).append(f"“{titles[name]}”")
    members = [f"{joined([party_label(m) for m in who])} (under {joined(where)})" for who, where in groups.items()]
    bears = (
        "its members bear its result in equal parts" if platform.governance == "cooperative" else "its operator does"
    )
    return [
        "; ".join(members), platform.standard,
        "records that it can read" if platform.holds == "records" else "ciphertext, which tells nothing when it leaks",
        f"{platform.governance}: {bears}", with_unit(platform.hub_cost, "EUR/yr"),
        with_unit(platform.member_cost, "EUR/yr"), with_unit(platform.fee, "EUR/yr"),
        f"{platform.outage_rate:g} a year, {platform.outage_days:g} days each on average",
        f"{platform.breach_rate:g} a year, all members' data at once", _SECURITY[platform.security.rule],
    ]  # fmt: skip


def asset_table(comparison: Comparison) -> Table | None:
    """Return the data assets that any strategy shares: kind, volume, age, quality, and what a leak costs."""
    rows: dict[tuple[str, str], tuple[str, ...]] = {}
    for member in comparison.tables.strategies:
        pairs = contracts_of(member.inputs)
        for pair in pairs:
            for name in sharers(pair):
                alone = sum(name in sharers(other) for other in pairs) == 1
                rows.setdefault((pair.asset, name), _asset_cells(comparison, member, pair, name, alone=alone))
    head = ("data asset", "kind", "of", "to", "volume, MB/yr", "age, h", "quality as it comes in", "median loss, EUR")
    caption = "Data assets that are shared under some strategy; loss: what a leak of the whole asset costs its owner"
    return Table(caption, head, tuple(rows.values()), words=(0, 1, 2, 3, 6)) if rows else None


def _asset_cells(
    comparison: Comparison, member: Any, pair: DataContract, name: str, *, alone: bool
) -> tuple[str, ...]:  # fmt: skip
    """Return the cells of one asset; volume and age are measured by firm, so only where it shares one asset alone."""
    metrics = comparison.tables.metrics
    rows = metrics[metrics["strategy"] == member.name]
    means = [floats(values_of(rows, outcome, (name,))) for outcome in ("data_volume", "data_age")]
    measured = [f"{float(one.mean()):.3g}" if alone and one.size else "–" for one in means]
    firm: Mapping[str, Any] = next((one for one in member.inputs.get("manufacturers", ()) if one["name"] == name), {})
    return (
        *ASSETS[pair.asset], party_label(name), party_label(pair.partner), *measured,
        _quality(pair.asset, firm), level(pair.breach_median),
    )  # fmt: skip


def _quality(asset: str, firm: Mapping[str, Any]) -> str:
    if asset == "log":
        logs = firm.get("logs", {})
        typos, codes = (f"{100 * logs[name]:g} %" for name in ("typo_rate", "code_share"))
        return f"{typos} of entries mistyped; {codes} of symptoms in own codes"
    return "–" if asset == "price_forecast" else quality_words(firm.get("records", {}))


def quality_words(records: Mapping[str, Any]) -> str:
    """Return how dirty a firm's records are."""
    dirt = [f"{100 * records[key]:g} % of {words}" for key, words in _DIRT.items() if records.get(key)]
    dirt += [f"own codes: error of {with_unit(records['code_sd'], 'MW')}"] if records.get("code_sd") else []
    return "; ".join(dirt) or "clean"
