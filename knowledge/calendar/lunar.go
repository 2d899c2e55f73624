package calendar

import (
	"math"
	"time"
)

// The Vietnamese lunar calendar counts months from new moon to new moon at
// UTC+7 and gives the month without a major solar term the number of the one
// before. New moons and the sun's place come from the series that Jean Meeus
// published (Astronomical Algorithms), cut where the error stays below some
// minutes; the days on which that could matter are in the tests.

// LunarDate is a day of the lunar calendar.
type LunarDate struct {
	Year, Month, Day int
	Leap             bool // the second month of that number
}

const (
	synodicMonth = 29.530588853      // mean days from new moon to new moon
	epochMoon    = 2415021.076998695 // a mean new moon of January 1900, as a Julian date
	unixEpoch    = 2440588           // Julian day number of 1970-01-01
	localHours   = 7.0 / 24          // Vietnam's distance from UTC in days
	winterMonth  = 11                // the month that holds the winter solstice
)

// julian is the day number of a civil date.
func julian(t time.Time) int {
	return unixEpoch + int(math.Floor(float64(time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC).Unix())/86400))
}

// civil is the date of a day number, at midnight in Vietnam.
func civil(day int) time.Time {
	t := time.Unix(int64(day-unixEpoch)*86400, 0).UTC()
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, Zone)
}

func sinDeg(x float64) float64 { return math.Sin(x * math.Pi / 180) }

// newMoon is the day number, in Vietnam, of the k-th new moon after the epoch.
func newMoon(k int) int {
	n := float64(k)
	t := n / 1236.85
	t2, t3 := t*t, t*t*t
	mean := 2415020.75933 + 29.53058868*n + 0.0001178*t2 - 0.000000155*t3 + 0.00033*sinDeg(166.56+132.87*t-0.009173*t2)
	sun := 359.2242 + 29.10535608*n - 0.0000333*t2 - 0.00000347*t3
	moon := 306.0253 + 385.81691806*n + 0.0107306*t2 + 0.00001236*t3
	node := 21.2964 + 390.67050646*n - 0.0016528*t2 - 0.00000239*t3
	c := (0.1734-0.000393*t)*sinDeg(sun) + 0.0021*sinDeg(2*sun) -
		0.4068*sinDeg(moon) + 0.0161*sinDeg(2*moon) - 0.0004*sinDeg(3*moon) +
		0.0104*sinDeg(2*node) - 0.0051*sinDeg(sun+moon) - 0.0074*sinDeg(sun-moon) +
		0.0004*sinDeg(2*node+sun) - 0.0004*sinDeg(2*node-sun) - 0.0006*sinDeg(2*node+moon) +
		0.0010*sinDeg(2*node-moon) + 0.0005*sinDeg(2*moon+sun)
	// From the uniform time of the series to the clock's; from 1900 on a polynomial does.
	clock := -0.000278 + 0.000265*t + 0.000262*t2
	return int(math.Floor(mean + c - clock + 0.5 + localHours))
}

// solarTerm is which twelfth of the sun's way a day begins in, 0 from the spring equinox on.
func solarTerm(day int) int {
	t := (float64(day) - 2451545.5 - localHours) / 36525
	t2 := t * t
	anomaly := 357.52910 + 35999.05030*t - 0.0001559*t2 - 0.00000048*t*t2
	mean := 280.46645 + 36000.76983*t + 0.0003032*t2
	centre := (1.914600-0.004817*t-0.000014*t2)*sinDeg(anomaly) + (0.019993-0.000101*t)*sinDeg(2*anomaly) + 0.000290*sinDeg(3*anomaly)
	// Apparent longitude, with aberration and the main term of nutation.
	long := math.Mod(mean+centre-0.00569-0.00478*sinDeg(125.04-1934.136*t), 360)
	if long < 0 {
		long += 360
	}
	return int(long / 30)
}

// november is the first day of the month that holds the winter solstice of a year.
func november(year int) (day, k int) {
	off := julian(time.Date(year, 12, 31, 0, 0, 0, 0, time.UTC)) - 2415021
	k = int(float64(off) / synodicMonth)
	day = newMoon(k)
	if solarTerm(day) >= 9 { // the sun is past 270°: the solstice was before
		k--
		day = newMoon(k)
	}
	return day, k
}

// leapAfter is how many months after the winter month the leap month of that
// winter year stands, 0 when there is none.
func leapAfter(k int, months int) int {
	if months < 13 {
		return 0
	}
	last := -1
	for i := 1; i <= 14; i++ {
		term := solarTerm(newMoon(k + i))
		if term == last {
			return i - 1
		}
		last = term
	}
	return 0
}

// Lunar is the lunar date of a civil one.
func Lunar(date time.Time) LunarDate {
	day := julian(date)
	k := int(math.Floor((float64(day) - epochMoon) / synodicMonth))
	start, at := newMoon(k+1), k+1
	if start > day {
		start, at = newMoon(k), k
	}
	winter, wk := november(date.Year())
	year := date.Year()
	if winter > start {
		_, wk = november(date.Year() - 1)
	} else {
		year++
	}
	_, next := november(year)
	months := at - wk
	l := LunarDate{Year: year, Day: day - start + 1, Month: months + winterMonth}
	if leap := leapAfter(wk, next-wk); leap > 0 && months >= leap {
		l.Month--
		l.Leap = months == leap
	}
	if l.Month > 12 {
		l.Month -= 12
	}
	if l.Month >= winterMonth && months < 4 {
		l.Year--
	}
	return l
}

// Solar is the civil date of a lunar one that is no leap month's.
func Solar(year, month, day int) time.Time {
	// The winter month of the year before is number 11: month 1 is two later.
	from := year - 1
	if month >= winterMonth {
		from = year
	}
	_, k := november(from)
	_, next := november(from + 1)
	off := month - winterMonth
	if off < 0 {
		off += 12
	}
	if leap := leapAfter(k, next-k); leap > 0 && off >= leap {
		off++
	}
	return civil(newMoon(k+off) + day - 1)
}

// Tet is the first day of the lunar year that begins in a year.
func Tet(year int) time.Time { return Solar(year, 1, 1) }

// HungKings is the day of the Hùng kings, 10/3 of the lunar year.
func HungKings(year int) time.Time { return Solar(year, 3, 10) }
