"""The accounts of manufacturers: what every group of firms is paid and pays in a day, and each firm's cash."""

from typing import Any

from model.kernels import kernel
from model.streams import Floats, Ints

ACCOUNTS = ("sales", "goods", "production", "stock", "energy", "peak", "restart", "comfort", "maintenance", "storage")
"""Kinds of posting that every group of firms has, in the order of the ledger's columns."""
EFFORTS = ACCOUNTS[6:]
"""Real costs of a day that submodels write into `Goods.efforts`, in the order of its columns."""


@kernel
def book_firms(
    group: Ints,
    supplier: Ints,
    utility: Ints,
    has_customer: Any,
    prices: Floats,
    month_share: float,
    shipped: Floats,
    produced: Floats,
    bought: Floats,
    net_stock: Floats,
    energy_charge: Floats,
    peak_load: Floats,
    efforts: Floats,
    amounts: Floats,
    cash: Floats,
) -> None:
    """Book a day of every manufacturer: by group into `amounts` (columns as ACCOUNTS), by firm into `cash`.

    Args:
        group, supplier, utility, has_customer: as in `Population`, shape (n,).
        prices: unit price, unit cost, holding, backlog (EUR per unit), peak charge (EUR/MW/month), shape (n, 5).
        month_share: part of a month to charge the peak for; 0 except on a month's last day.
        shipped, produced, bought, net_stock: units; `energy_charge`: EUR; `peak_load`: MW, reset when charged.
        efforts: EUR of today for restarts, comfort, maintenance and storage, shape (n, 4).
        amounts: EUR paid by each group (sales: received), shape (group, 10); overwritten.
        cash: EUR by firm; utilities are credited with their customers' energy bills.
    """
    amounts[:] = 0.0
    for i in range(group.size):
        g = group[i]
        sales = 0.0 if has_customer[i] else prices[i, 0] * shipped[i]
        goods = prices[supplier[i], 0] * bought[i] if supplier[i] >= 0 else 0.0
        production = prices[i, 1] * produced[i]
        stock = prices[i, 2] * max(0.0, net_stock[i]) + prices[i, 3] * max(0.0, -net_stock[i])
        energy = energy_charge[i] if utility[i] >= 0 else 0.0
        peak = 0.0
        if month_share > 0.0 and utility[i] >= 0:
            peak = prices[i, 4] * peak_load[i] * month_share
            peak_load[i] = 0.0
        cash[i] += sales - goods - production - stock - energy - peak
        for k in range(efforts.shape[1]):
            cash[i] -= efforts[i, k]
            amounts[g, 6 + k] += efforts[i, k]
        if supplier[i] >= 0:
            cash[supplier[i]] += goods
        if utility[i] >= 0:
            cash[group.size + utility[i]] += energy
        amounts[g, 0] += sales
        amounts[g, 1] += goods
        amounts[g, 2] += production
        amounts[g, 3] += stock
        amounts[g, 4] += energy
        amounts[g, 5] += peak
