/// Labels brought to the numbering of a net's outputs.
///
/// Nets from TensorFlow often have a background class 0 before the thousand of ImageNet; files of labels often do not, or
/// count from 1.
public struct LabelAlignment: Hashable, Sendable {
    /// The labels in the net's numbering, each in 0..<classes.
    public let labels: [Int]
    /// The shift, if there was one.
    public let note: DataNote?

    /// Aligns labels with a net of `classes` outputs.
    ///
    /// A label equal to `classes` without a label 0 means counting from 1: all labels are lowered by one. Labels 0 to 999
    /// with a 0 among them for a net of 1001 mean that the net counts the background: all are raised by one.
    public init(_ labels: [Int], classes: Int) throws(DataError) {
        let shift =
            switch (labels.min(), labels.max()) {
            case (let low?, let high?) where low >= 1 && high == classes: -1
            case (0?, let high?) where classes == 1001 && high <= 999: 1
            default: 0
            }
        let shifted = shift == 0 ? labels : labels.map { $0 + shift }
        if let bad = shifted.firstIndex(where: { !(0..<classes).contains($0) }) {
            throw .labelOutOfRange(image: bad, label: labels[bad], classes: classes)
        }
        self.labels = shifted
        note = shift == 0 ? nil : .shiftedLabels(by: shift, classes: classes)
    }
}
