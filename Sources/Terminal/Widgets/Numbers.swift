internal import Glibc

extension Double {
    /// The number with a fixed count of decimals, whatever the locale: `(-0.25).fixed(1)` is "-0.3", as it is "0.0" for -0.01.
    ///
    /// Halves are rounded away from zero. Numbers that are not finite give "nan", "inf" or "-inf".
    public func fixed(_ decimals: Int) -> String {
        guard isFinite else { return isNaN ? "nan" : self < 0 ? "-inf" : "inf" }
        let places = min(max(0, decimals), 9)
        let power = pow(10, Double(places))
        let scaled = (magnitude * power).rounded()
        guard scaled < 9e18 else { return "\(self)" }
        let units = Int(scaled)
        let sign = self < 0 && units > 0 ? "-" : ""
        guard places > 0 else { return sign + "\(units)" }
        let one = Int(power)
        let fraction = String(units % one)
        return sign + "\(units / one)." + String(repeating: "0", count: places - fraction.count) + fraction
    }

    /// About three significant digits in at most seven columns: "2.31", "0.042", "1.2e-5", "1.5e+6".
    public var brief: String {
        guard isFinite, self != 0 else { return isFinite ? "0" : fixed(0) }
        let exponent = Int(log10(magnitude).rounded(.down))
        switch exponent {
        case 3...5: return fixed(0)
        case 2: return fixed(0)
        case 1: return fixed(1)
        case 0: return fixed(2)
        case -2 ... -1: return fixed(3)
        default: return scientific(2)
        }
    }

    /// `brief` in at most so many columns, as long as one digit fits: "-0.46" for -0.457 in five, "3e-4" for 2.8e-4 in four.
    public func brief(in columns: Int) -> String {
        let whole = brief
        guard whole.count > columns, isFinite, self != 0 else { return whole }
        let exponent = Int(log10(magnitude).rounded(.down))
        for digits in [3, 2, 1] {
            let forms = [
                exponent < -2 ? scientific(digits) : fixed(max(0, digits - 1 - exponent)), scientific(digits),
            ]
            if let fitting = forms.first(where: { $0.count <= columns }) { return fitting }
        }
        return whole
    }

    /// So many digits and a power of ten: "1.2e-5".
    private func scientific(_ digits: Int) -> String {
        var exponent = Int(log10(magnitude).rounded(.down))
        var mantissa = self / pow(10, Double(exponent))
        guard mantissa.isFinite else { return "0" }
        // What would be rounded to 10.0 is 1.0 of the next power.
        if mantissa.fixed(digits - 1).hasPrefix(self < 0 ? "-10" : "10") {
            (mantissa, exponent) = (mantissa / 10, exponent + 1)
        }
        return mantissa.fixed(digits - 1) + (exponent < 0 ? "e-" : "e+") + "\(abs(exponent))"
    }

    /// The number as an index in `0...last`, with NaN as 0.
    func index(upTo last: Int) -> Int {
        guard self > 0 else { return 0 }
        return self >= Double(last) ? max(0, last) : Int(self)
    }
}

extension Int {
    /// The number with commas between the thousands: "10,000".
    public var grouped: String {
        var digits = String(magnitude)
        var result = ""
        while digits.count > 3 {
            result = "," + digits.suffix(3) + result
            digits.removeLast(3)
        }
        return (self < 0 ? "-" : "") + digits + result
    }
}
