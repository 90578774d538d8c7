"""The economy as a graph: who supplies whom with goods and electricity, and who shares what under which contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model.population import member_names

if TYPE_CHECKING:
    import networkx

    from model.inputs import DataContract, ModelInputs, ResourceContract, TechnologyContract

    type Contract = DataContract | ResourceContract | TechnologyContract

PLATFORM_TYPES = {
    "data_platforms": "data_platform",
    "resource_platforms": "resource_platform",
    "technology_platforms": "technology_platform",
}
"""Type of a platform's node by the field of the inputs."""


def network_of(inputs: ModelInputs) -> networkx.MultiDiGraph[str]:
    """Return firms and platforms as nodes, and links between them as directed edges.

    Nodes bear the names of firms (members of a group one by one) and platforms, with `type`, `sector`, `group` (the
    name that they are declared under) and the site, `x` and `y` in km; platforms stand nowhere and have no sector.
    Parties outside the economy (`customers`) are there where they share something, of type `outside`.

    An edge's key is `goods` (from supplier to customer), `electricity` (from utility to customer), or the name of a
    contract; its `family` is `goods`, `electricity`, `data`, `resource` or `technology`, and contracts add
    `variant` and `what` is shared. Data flow from provider to partner. Under a contract over a platform everything
    passes the platform: data in and out again, resources and know-how both ways between it and every member.
    """
    import networkx

    graph: networkx.MultiDiGraph[str] = networkx.MultiDiGraph(name=inputs.name)
    members: dict[str, list[str]] = {}
    for firm in inputs.manufacturers:
        members[firm.name] = member_names(firm)
        place = {"x": firm.site.x, "y": firm.site.y}
        graph.add_nodes_from(members[firm.name], type=firm.type, sector=firm.sector, group=firm.name, **place)
    for utility in inputs.utilities:
        members[utility.name] = [utility.name]
        place = {"x": utility.site.x, "y": utility.site.y}
        graph.add_node(utility.name, type="utility", sector=utility.sector, group=utility.name, **place)
    for field, kind in PLATFORM_TYPES.items():
        for hub in getattr(inputs, field):
            members[hub.name] = [hub.name]
            graph.add_node(hub.name, type=kind, group=hub.name)
    for firm in inputs.manufacturers:
        for kind, source in (("goods", firm.supplier), ("electricity", firm.utility)):
            _join(graph, members, [source] if source else [], [firm.name], key=kind, family=kind)
    for family, contracts in _contracts(inputs).items():
        for contract in contracts:
            _add_contract(graph, members, family, contract)
    return graph


def _contracts(inputs: ModelInputs) -> dict[str, tuple[Contract, ...]]:
    return {
        "data": inputs.contracts,
        "resource": inputs.resource_contracts,
        "technology": inputs.technology_contracts,
    }


def _add_contract(graph: Any, members: dict[str, list[str]], family: str, contract: Any) -> None:
    """Add the edges of one contract."""
    what = {"data": "asset", "resource": "resource", "technology": "variant"}[family]
    about = {"key": contract.name, "family": family, "variant": contract.variant, "what": getattr(contract, what)}
    hub = [contract.platform] if contract.platform else []
    if family != "data":
        _join(graph, members, contract.members, hub, **about)
        _join(graph, members, hub, contract.members, **about)
        return
    givers = (contract.provider, *contract.members)
    mutual = givers if contract.exchange == "mutual" else ()
    _join(graph, members, givers, hub or (contract.partner, *mutual), **about)
    _join(graph, members, hub, (contract.partner, *mutual), **about)


def _join(graph: Any, members: dict[str, list[str]], sources: Any, targets: Any, *, key: str, **about: str) -> None:
    """Add an edge from every member of the sources to every other member of the targets."""
    for stranger in [name for name in (*sources, *targets) if name not in members]:
        members[stranger] = [stranger]
        graph.add_node(stranger, type="outside", group=stranger)
    for source in dict.fromkeys(name for group in sources for name in members[group]):
        for target in dict.fromkeys(name for group in targets for name in members[group]):
            if source != target:
                graph.add_edge(source, target, key=key, **about)
