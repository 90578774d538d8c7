"""What a utility learns: hourly regressions on meter history, and how far to trust a shared plan."""

import math

HOURS = 24
WEEK = 7
PRIOR_VARIANCE = 100.0
PRIOR_DAYS = 10.0
RIDGE = 1e-6

type Vector = list[float]
type Matrix = list[list[float]]


class Regression:
    """Recursive least squares with forgetting and a diffuse prior (Ljung 1999, ch. 11)."""

    def __init__(self, size: int, memory: float) -> None:
        self.memory = memory
        self.weights = [0.0] * size
        self.covariance = [[PRIOR_VARIANCE * (i == j) for j in range(size)] for i in range(size)]

    def predict(self, x: Vector) -> float:
        """Return the linear forecast."""
        return sum(w * value for w, value in zip(self.weights, x, strict=True))

    def learn(self, x: Vector, target: float) -> None:
        """Take in one observation."""
        px = [sum(p * value for p, value in zip(row, x, strict=True)) for row in self.covariance]
        gain = [p / (self.memory + sum(a * b for a, b in zip(px, x, strict=True))) for p in px]
        miss = target - self.predict(x)
        self.weights = [w + g * miss for w, g in zip(self.weights, gain, strict=True)]
        self.covariance = [
            [(p - g * q) / self.memory for p, q in zip(row, px, strict=True)]
            for row, g in zip(self.covariance, gain, strict=True)
        ]


class HistoryForecast:
    """Forecasts one hourly series for days whose meters are known up to `delay` days before.

    `naive` forecasts the mean of everything metered, `last_order` regresses each hour on the newest metered day's,
    `full_history` on weekends, the newest metered day (its mean, if `by_day`) and the same hour a week before.
    Both regressions need two weeks of meters first.
    """

    def __init__(self, receiver: str, delay: int, memory: float, scale: float, *, by_day: bool) -> None:
        self.receiver, self.delay, self.scale, self.by_day = receiver, delay, scale, by_day
        self.week = max(WEEK, delay)
        self.live = False
        self.metered: list[Vector] = []
        self.sum_known = 0.0
        self.hours = [Regression(4, memory) for _ in range(HOURS)]

    def predict(self, day: int, weekend: list[bool]) -> Vector:
        """Learn from the newest metered day, then return the forecast for `day`."""
        known = day - self.delay
        if known < 0:
            return [0.0] * HOURS
        self.sum_known += math.fsum(self.metered[known])
        if self.receiver != "naive" and known >= self.week:
            for h, regression in enumerate(self.hours):
                regression.learn(self._regressors(known, h, weekend), self.metered[known][h] / self.scale)
        if self.receiver == "naive" or known < 2 * self.week:
            return [self.sum_known / (HOURS * (known + 1))] * HOURS
        return [self.scale * r.predict(self._regressors(day, h, weekend)) for h, r in enumerate(self.hours)]

    def _regressors(self, day: int, hour: int, weekend: list[bool]) -> Vector:
        """Return what was known of `hour` when `day` was forecast."""
        newest, week_ago = self.metered[day - self.delay], self.metered[day - self.week]
        if self.live:
            newest = self.metered[day - 1][:11] + self.metered[day - 2][11:]
        if self.receiver == "last_order":
            return [1.0, 0.0, newest[hour] / self.scale, 0.0]
        recent = math.fsum(newest) / HOURS if self.by_day else newest[hour]
        return [1.0, float(weekend[day]), recent / self.scale, week_ago[hour] / self.scale]


class PlanTrust:
    """The linear minimum mean square error weight on a plan's news, learnt from what came true.

    Second moments of (error of the baseline, news in the plan) fade with `memory`; only hours less than `band`
    apart are related, with linearly falling weights. The prior, worth ten days, trusts the plan not at all.
    """

    def __init__(self, band: int, memory: float, prior_variance: float, limit: float) -> None:
        self.band, self.memory, self.limit = band, memory, limit
        self.error_news = [[0.0] * HOURS for _ in range(HOURS)]
        self.news_news = [[prior_variance * (a == b) for b in range(HOURS)] for a in range(HOURS)]
        self.days = PRIOR_DAYS

    def taper(self, a: int, b: int) -> float:
        """Return the weight of the relation between two hours."""
        return max(0.0, 1.0 - abs(a - b) / self.band)

    def learn(self, error: Vector, news: Vector) -> None:
        """Take in one day that came true."""
        self.days = self.memory * self.days + 1.0
        for moments, left in ((self.error_news, error), (self.news_news, news)):
            for a in range(HOURS):
                for b in range(HOURS):
                    seen = self.taper(a, b) * left[a] * news[b]
                    moments[a][b] = moments[a][b] * (1.0 - 1.0 / self.days) + seen / self.days

    def combine(self, baseline: Vector, news: Vector) -> Vector:
        """Return baseline + gain x news, within the physical limits."""
        level = RIDGE * sum(self.news_news[a][a] for a in range(HOURS)) / HOURS
        regular = [[self.news_news[a][b] + level * (a == b) for b in range(HOURS)] for a in range(HOURS)]
        solution = solve(regular, news)
        steps = [sum(row[b] * solution[b] for b in range(HOURS)) for row in self.error_news]
        return [min(self.limit, max(0.0, base + step)) for base, step in zip(baseline, steps, strict=True)]


def solve(matrix: Matrix, right: Vector) -> Vector:
    """Solve a linear system by Gaussian elimination with row pivoting."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    n = len(rows)
    for k in range(n):
        pivot = max(range(k, n), key=lambda i: abs(rows[i][k]))
        rows[k], rows[pivot] = rows[pivot], rows[k]
        for i in range(k + 1, n):
            factor = rows[i][k] / rows[k][k]
            for j in range(k, n + 1):
                rows[i][j] -= factor * rows[k][j]
    result = [0.0] * n
    for i in reversed(range(n)):
        result[i] = (rows[i][n] - sum(rows[i][j] * result[j] for j in range(i + 1, n))) / rows[i][i]
    return result
