import Terminal
import Testing

@Suite struct ThemeTests {
    @Test func monochromeUsesNoColor() {
        let theme = Theme(.mono)
        let styles = [
            theme.text, theme.dim, theme.title, theme.border, theme.selection, theme.measured, theme.laplace,
            theme.gauss,
            theme.good, theme.warning, theme.bad, theme.bar,
        ]
        #expect(styles.allSatisfy { $0.foreground == .standard && $0.background == .standard })
        #expect(theme.selection != theme.text && theme.bad != theme.text)
    }

    @Test(arguments: [(ColorDepth.ansi8, 8), (.ansi16, 16), (.indexed256, 256)])
    func themesStayInsideTheirPalette(depth: ColorDepth, colors: Int) {
        let theme = Theme(depth)
        for style in [
            theme.dim, theme.title, theme.measured, theme.laplace, theme.gauss, theme.good, theme.bad, theme.bar,
        ] {
            if case .palette(let index) = style.foreground { #expect(index < colors) }
        }
        #expect(Set([theme.measured, theme.laplace, theme.gauss]).count == 3)
    }
}
