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
    Term("data sharing", "数据共享", "One firm lets another use data that it holds, such as its production plan.",
         ("shared data", "sharing", "data contract")),
    Term("mode", "协同模式", "Who collaborates: supplier and customer (vertical 纵向), firms of one sector (horizontal "
         "横向), or firms of different sectors (cross-sector 跨行业); it has no effect of its own.",
         ("vertical", "horizontal", "cross-sector")),
    Term("platform", "协同平台", "The place and the rules by which firms exchange data, resources or technology.",
         ("platform",)),
    Term("data platform", "数据平台", "A hub over which its members exchange data instead of by an interface for every "
         "pair; it has costs, fees, outages and leaks of its own.", ("data platform", "over hub", "platform hub")),
    Term("pairwise interface", "点对点接口", "A connection that two parties build and run for each other alone.",
         ("interface",)),
    Term("data standard", "数据标准", "Codes, units and time stamps that all parties use alike.", ("standard",)),
    Term("data resource", "数据资源", "Production orders, maintenance logs, meter readings: data that have a value for "
         "somebody else.", ("production plan", "meter")),
    Term("structured data", "结构化数据", "Records with fixed fields, such as orders and plans.", ("structured",)),
    Term("unstructured data", "非结构化数据", "Text, such as maintenance logs, that has to be mined before it says "
         "anything.", ("unstructured",)),
    Term("real-time data", "实时数据", "Readings as they arise, such as those of meters.", ("real-time",)),
    Term("pipeline", "数据预处理/挖掘/分析/应用", "Preprocessing, mining, analysis and application of data, one stage "
         "after the other.", ("pipeline",)),
    Term("data preprocessing", "数据预处理", "Cleaning (清洗), integration (集成), transformation (转换) of records.",
         ("cleaning", "integration", "transformation")),
    Term("data mining", "数据挖掘", "Finding patterns in data, such as a coming breakdown in what crews write.",
         ("mining",)),
    Term("data analysis", "数据分析", "Learning what data are worth: how far a record can be trusted as a forecast.",
         ("analysis",)),
    Term("data application", "数据应用", "Using what was found: in purchases, schedules and maintenance.",
         ("application",)),
    Term("standardised", "标准化", "Records are brought to a common standard before they are shared."),
    Term("encrypted", "加密", "Only the sum of several firms' records is revealed.", ("encrypt",)),
    Term("secure aggregation", "安全聚合", "Each firm masks its record; the masks cancel in the sum, which alone "
         "becomes known.", ("secure aggregation", "sum of")),
    Term("anonymised", "脱敏", "Records are coarsened, grouped or blurred by noise before they are shared.",
         ("anonymis",)),
    Term("k-anonymity", "k-匿名", "Each record is replaced by the mean of a group of at least k.",
         ("k-anonym", "groups of at least")),
    Term("differential privacy", "差分隐私", "Noise bounds what anybody can learn about one protected unit, whatever "
         "else they know.", ("epsilon",)),
    Term("epsilon", "隐私预算 ε", "The bound of differential privacy: a release makes no conclusion about the "
         "protected unit more than e^epsilon times as likely."),
    Term("protected unit", "保护单元", "What an epsilon hides: one heat, one day, or the whole firm.",
         ("protected", "protects")),
    Term("revealed share", "信息泄露比例", "Squared correlation of the plan with what the partner receives; 1 is the "
         "plan itself, 0 tells nothing.", ("revealed", "reveals")),
    Term("resource sharing", "资源共享", "One firm uses idle machines, people, heat, stores or by-products of another.",
         ("shared resources",)),
    Term("resource platform", "资源平台", "A hub that finds partners for idle resources and clears what they pay."),
    Term("allocation", "分配 (资源分配)", "A planner matches needs and offers by a linear programme or in equal parts.",
         ("allocat",)),
    Term("leasing", "租赁 (资源租赁)", "Two firms agree on a price for an idle resource; each knows only its own "
         "value.", ("leased", "leasing")),
    Term("pooling", "共享 (资源池)", "All needs and offers meet in one auction with one price; urgent jobs find the "
         "nearest free server.", ("pooled", "pooling")),
    Term("industrial symbiosis", "产业共生", "Waste heat or by-products of one firm replace what another would buy.",
         ("waste heat", "by-product")),
    Term("surplus of a match", "匹配剩余", "Worth to who takes a resource less what it costs who gives it, moving "
         "included.", ("matched",)),
    Term("technology collaboration", "技术协同", "Firms let each other use what they know or find out.",
         ("shared technology", "know-how", "choose research together")),
    Term("exchange", "交流 (技术交流)", "Barter of know-how: each of two firms gives where it leads, and only if it "
         "gets something for it.", ("barter know-how",)),
    Term("cooperation", "合作 (联合研发)", "Firms choose their research for their joint profit and let each other have "
         "a part of its results.", ("choose research together",)),
    Term("open pool", "共享 (技术共享)", "Members lay open what they know, free or for a licence fee; each takes in "
         "what its own research lets it understand.", ("of their experience to each other",)),
    Term("technology platform", "技术平台", "A hub that brings those together who may learn from each other."),
    Term("learning by doing", "干中学", "Unit cost falls by a fixed share with every doubling of cumulative output.",
         ("doublings of experience", "learns by doing")),
    Term("cognitive distance", "认知距离", "How different the knowledge of two firms is: too near has nothing new, too "
         "far is not understood."),
    Term("spillover", "知识溢出", "What a firm gets of another's research without any contract."),
    Term("royalty", "许可费", "Payment for using what another firm has found out.",
         ("royalt", "licences for know-how")),
    Term("gain of consumers", "消费者剩余变化", "What buyers save by lower prices, and what the goods that they buy "
         "more are worth to them beyond the price.", ("gain of consumers", "consumers gain", "consumers lose")),
    Term("order of steps", "实施顺序", "What a step brings depends on which steps are taken before it.",
         ("mean over all orders",)),
    Term("Shapley value", "沙普利值", "The mean, over all orders, of what a step adds to those before it; the values "
         "of all steps add up to that of all together.", ("shapley",)),
    Term("sector", "行业", "Manufacturing (制造业), electric power (电力), healthcare (医疗), agriculture (农业), and "
         "more by a file each."),
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
    Term("expected loss", "期望损失", "Probability times loss: the average over very many years, booked every year.",
         ("expected loss", "expected breach loss")),
    Term("CVaR 95", "条件风险价值 (CVaR)", "Mean of the worst 5 % of years.", ("cvar",)),
    Term("nested loss-years", "嵌套损失年", "Years of breaches drawn at random inside each random future, to see rare "
         "large losses.", ("nested",)),
    Term("common mode", "共因风险", "One breach of a shared holder hits all owners in the same year.",
         ("common mode", "in the same years")),
    Term("privacy fine", "隐私罚款", "Fine on a holder whose regulated data leak.", ("fine",)),
    Term("influence", "影响度", "How far the result moves when one assumption alone goes from its low to its high end.",
         ("influence", "assumption alone")),
    Term("waterfall", "瀑布图", "What each stage adds to those before it.", ("waterfall", "one after another")),
    Term("policy", "政策", "Rules that hold under every strategy, such as a carbon price.", ("polic",)),
    Term("capacity utilisation", "产能利用率", "Output as a share of what could be made."),
    Term("bullwhip", "牛鞭效应", "Orders swing more than the demand that causes them."),
    Term("emissions", "排放", "Carbon dioxide of the electricity drawn."),
)  # fmt: skip


def terms_in(text: str) -> list[Term]:
    """Return the terms that occur in `text`, in the order of `TERMS`."""
    lower = text.lower()
    return [term for term in TERMS if any(word in lower for word in (term.words or (term.english.lower(),)))]
