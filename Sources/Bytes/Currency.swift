/// The signs, codes and names of currencies that may stand beside a number. Nothing else may: a word that is passed
/// over because it looks like one may be `k`, which is thousands, or `CR`, which is a side of an account.
public enum Currency {
    /// What stands beside a number.
    struct Mark {
        var length: Int
        /// Letters and no sign: a point behind it may be its own.
        var isName: Bool
    }

    /// The longest mark that the bytes begin with.
    static func atStart(of text: UnsafeBufferPointer<UInt8>) -> Mark? {
        longest { mark, isCode in mark.count < text.count && matches(mark, isCode, text, at: 0) }
    }

    /// The longest one that they end with.
    static func atEnd(of text: UnsafeBufferPointer<UInt8>) -> Mark? {
        longest { mark, isCode in mark.count < text.count && matches(mark, isCode, text, at: text.count - mark.count) }
    }

    private static func longest(_ fits: ([UInt8], _ isCode: Bool) -> Bool) -> Mark? {
        var best: Mark?
        func take(_ mark: [UInt8], isName: Bool, isCode: Bool) {
            guard mark.count > best?.length ?? 0, fits(mark, isCode) else { return }
            best = Mark(length: mark.count, isName: isName)
        }
        for sign in signs { take(sign, isName: false, isCode: false) }
        for name in names { take(name, isName: true, isCode: false) }
        for code in codes { take(code, isName: true, isCode: true) }
        return best
    }

    /// Codes are taken in small letters, too, all of them or but for the first.
    private static func matches(
        _ mark: [UInt8],
        _ isCode: Bool,
        _ text: UnsafeBufferPointer<UInt8>,
        at start: Int
    ) -> Bool {
        for index in mark.indices {
            let byte = text[start + index]
            guard byte == mark[index] || isCode && byte == mark[index] | 0x20 else { return false }
        }
        return !isCode
            || text[start + 1] & 0x20 == text[start + 2] & 0x20 && text[start] & 0x20 <= text[start + 1] & 0x20
    }

    /// All marks as one pattern of regular expressions, longer ones first.
    public static let pattern: String = {
        let marks = (signs + names).sorted { $0.count > $1.count }.map { String(decoding: $0, as: UTF8.self) }
        let escaped = marks.map { $0.replacing("$", with: "\\$").replacing(".", with: "\\.") }
        return (escaped + codes.map { "(?i:\(String(decoding: $0, as: UTF8.self)))" }).joined(separator: "|")
    }()

    /// Signs alone, and with letters that say of which country. Not among them: those of a hundredth (`¢`).
    private static let signs: [[UInt8]] = words(
        """
        $ € £ ¥ ₹ ₨ ₩ ₪ ₫ ₭ ₮ ₱ ₲ ₴ ₵ ₸ ₺ ₼ ₽ ₾ ₿ ₡ ₦ ₣ ₤ ₧ ৳ ฿ ៛ ﷼ ＄ ￡ ￥ ￦ 円 元 원
        US$ A$ AU$ C$ CA$ NZ$ HK$ NT$ S$ SG$ R$ MX$ J$ B$ Z$ CN¥ JP¥ E£ $US $CA $AU $NZ $HK
        """
    )

    /// Names as people shorten them, with a point of their own or not. Not among them: what may as well be a unit (`R`,
    /// `L`, `km`).
    private static let names: [[UInt8]] = words(
        """
        Rs Rs. rs rs. RS RS. Re Re. Fr Fr. fr. SFr SFr. sFr sFr. kr kr. Kr Kr. KR zł ZŁ Kč KČ Ft Lei lei лв лв. руб руб. р. грн грн.
        TL RM Rp Rp. Bs Bs. S/ S/. B/. Tk Tk. Ksh KSh Dhs Dh DM Euro EURO euro
        """
    )

    /// ISO 4217, those of money, with some that are no longer in use.
    private static let codes: [[UInt8]] = words(
        """
        AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLF CLP CNH CNY
        COP CRC CUP CVE CZK DEM DJF DKK DOP DZD EGP ERN ESP ETB EUR FJD FKP FRF GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF
        IDR ILS INR IQD IRR ISK ITL JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LTL LVL LYD MAD MDL MGA MKD MMK
        MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NLG NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RMB RON RSD RUB RWF SAR SBD
        SCR SDG SEK SGD SHP SKK SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND
        VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG ZWL
        """
    )

    private static func words(_ text: String) -> [[UInt8]] {
        text.split { $0 == " " || $0 == "\n" }.map { Array($0.utf8) }
    }
}
