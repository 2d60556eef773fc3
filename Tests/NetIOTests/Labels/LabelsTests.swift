import Net
import NetIOTesting
import Testing

@testable import NetIO

@Suite struct LabelsTests {
    let files: DataFiles
    init() throws { files = try DataFiles() }

    private func labels(_ text: String) throws -> [Int] {
        try Labels(path: files.write(Array(text.utf8), "labels.txt"), limits: .standard).values
    }

    @Test func textAndTablesGiveOneLabelALine() throws {
        #expect(try labels("3\n1\n\n4\n") == [3, 1, 4])
        #expect(try labels("3\r\n1\r\n") == [3, 1])
        #expect(try labels("file,label\na.png,5\nb.png,6\n") == [5, 6])
        #expect(try labels("label,file\n\"5\",a.png\n6,b.png\n") == [5, 6])
        #expect(try labels("\u{feff}7") == [7])
    }

    @Test func aWordAmongLabelsIsNamedByItsLine() throws {
        let path = files.path("labels.txt")
        #expect(throws: DataError.label(file: path, line: 2, found: "cat")) { try labels("1\ncat\n") }
        #expect(throws: DataError.label(file: path, line: 1, found: "-1")) { try labels("-1\n1\n") }
    }

    @Test func labelsOfRealsMustBeWhole() throws {
        let data = ArrayFile.littleEndian(Float(2).bitPattern) + ArrayFile.littleEndian(Float(0.5).bitPattern)
        let path = files.write(ArrayFile.npy("<f4", "(2,)", data), "y.npy")
        #expect(throws: DataError.label(file: path, line: 2, found: "0.5")) {
            try Labels(path: path, limits: .standard)
        }
    }

    @Test func aBackgroundClassIsFoundAndReported() throws {
        let counted = try LabelAlignment([1, 1000, 5], classes: 1000)
        #expect(counted.labels == [0, 999, 4] && counted.note == .shiftedLabels(by: -1, classes: 1000))
        let background = try LabelAlignment([0, 999, 5], classes: 1001)
        #expect(background.labels == [1, 1000, 6] && background.note == .shiftedLabels(by: 1, classes: 1001))
        #expect(try LabelAlignment([1, 1000], classes: 1001).note == nil)
        #expect(try LabelAlignment([0, 9], classes: 10).note == nil)
        #expect(throws: DataError.labelOutOfRange(image: 1, label: 12, classes: 10)) {
            try LabelAlignment([0, 12], classes: 10)
        }
    }
}
