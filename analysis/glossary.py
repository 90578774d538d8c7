"""The vocabulary of the report in English and Chinese; only terms that a report uses are printed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """One entry.

    Attributes:
        english: the term.
        chinese: the same in Chinese.
        meaning: one sentence.
        words: the term occurs where one of these words does (lower case); `english` if empty.
    """

    english: str
    chinese: str
    meaning: str
    words: tuple[str, ...] = ()


TERMS: tuple[Term, ...] = (
    Term("industry collaboration", "产业协同", "Industries create value together by sharing data, resources and "
         "technology, and by coordinating on markets.", ("collaborat", "sharing")),
    Term("collaboration mechanism", "协同机制", "What is shared or coordinated: data, resources, technology or "
         "markets.", ("mechanism", "contract")),
    Term("data sharing", "数据共享", "One firm lets another use data that it holds; here, its production plan.",
         ("shared data", "sharing", "data contract")),
    Term("mode", "协同模式", "Who collaborates: supplier and customer (vertical), firms of one sector (horizontal), or "
         "firms of different sectors.", ("vertical", "horizontal", "cross-sector")),
    Term("platform", "协同平台", "The place and the rules by which firms exchange data, resources or technology.",
         ("platform",)),
    Term("data resource", "数据资源", "Production orders, maintenance logs, meter readings: data that have a value for "
         "somebody else.", ("production plan", "meter")),
    Term("sector", "行业", "Manufacturing, electric power, healthcare, agriculture."),
    Term("the five steps", "五个步骤", "Set goals, build platforms, set strategies and policies, run projects, "
         "evaluate and improve.", ("step 1",)),
    Term("strategy", "策略", "A set of agreements and rules that is simulated as a whole.", ("strateg",)),
    Term("baseline", "基准方案", "The strategy that all others are compared with."),
    Term("random future", "随机情景", "One possible course of demand, breakdowns, prices and forecast errors; every "
         "strategy lives through the same ones (common random numbers, 公共随机数).", ("random future",)),
    Term("95 % interval", "95 % 置信区间", "The range that covers the true mean in 95 of 100 such studies; it measures "
         "chance, not the truth of assumptions."),
    Term("real cost", "实际成本", "Resources used up: material, labour, fuel, losses. Money that changes hands "
         "is not among it."),
    Term("transfer", "转移支付", "Money that one party pays and another receives; all transfers add up to zero.",
         ("transfer", "who pays whom")),
    Term("day-ahead price", "日前电价", "Price of electricity for each hour of tomorrow, fixed at noon today.",
         ("day-ahead",)),
    Term("intraday trading", "日内交易", "Buying or selling after the day-ahead market, close to delivery.",
         ("intraday",)),
    Term("imbalance", "不平衡电量", "What a utility's customers draw beyond, or short of, what it bought for them."),
    Term("balancing energy", "平衡电能", "Electricity that the system operator calls up to cover imbalances.",
         ("balancing",)),
    Term("peak charge", "最大需量电费", "Monthly charge on the highest quarter-hour load."),
    Term("load forecast", "负荷预测", "The utility's expectation of a customer's hourly load tomorrow.",
         ("forecast",)),
    Term("break-even", "盈亏平衡点", "The value of a parameter at which a strategy neither gains nor loses.",
         ("break-even", "pays if")),
    Term("data security and privacy", "数据安全与隐私", "Every copy of data at a partner is one more that can leak.",
         ("breach", "leak")),
    Term("policy", "政策", "Rules that hold under every strategy, such as a carbon price.", ("polic",)),
    Term("capacity utilisation", "产能利用率", "Output as a share of what could be made."),
    Term("bullwhip", "牛鞭效应", "Orders swing more than the demand that causes them."),
    Term("emissions", "排放", "Carbon dioxide of the electricity drawn."),
)  # fmt: skip


def terms_in(text: str) -> list[Term]:
    """Return the terms that occur in `text`, in the order of `TERMS`."""
    lower = text.lower()
    return [term for term in TERMS if any(word in lower for word in (term.words or (term.english.lower(),)))]
