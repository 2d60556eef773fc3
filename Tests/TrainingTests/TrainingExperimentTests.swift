import Engine
import Net
import Testing

@testable import Training

@Suite struct TrainingExperimentTests {
    private func report(_ question: TrainingExperiment.Question) async throws -> ExperimentReport {
        let images = try randomImages(MapSize(1, 8, 8), count: 64, classes: 3)
        let experiment = TrainingExperiment(
            question, extent: TrainingExperiment.Extent(depth: 8, width: 4, images: 48, epochs: 2), train: images,
            test: ImageSource(images.images, images.preprocessing), seed: 1, run: RunOptions(threads: 2, isa: .best)
        )
        return try await experiment.run()
    }

    @Test(arguments: TrainingExperiment.Question.allCases)
    func `every experiment reports each of its runs`(question: TrainingExperiment.Question) async throws {
        let report = try await report(question)
        let runs = [
            TrainingExperiment.Question.norms: 15, .eightBit: 10, .decay: 4, .bounded: 7, .quantizability: 8,
        ]
        #expect(report.name == question.rawValue)
        let ends = try #require(report.tables.first { $0.title == "After the last epoch" })
        #expect(ends.rows.count == runs[question])
        let courses = try #require(report.tables.first { $0.title == "Epoch by epoch" })
        // Squares of large numbers overflow in half precision, after the first of the two steps.
        let diverged = ends.rows.filter { row in
            if case .text(let name) = row[0] { name == "l2, half, images x 128: diverged" } else { false }
        }
        #expect(diverged.count == (question == .norms ? 1 : 0))
        #expect(courses.rows.count == 2 * ends.rows.count - diverged.count)
        #expect(report.summary.count > ends.rows.count && report.plots.count >= 2)
        for plot in report.plots { #expect(plot.svg.hasPrefix("<svg")) }
    }

    @Test func `an experiment that is cancelled ends`() async throws {
        let images = try randomImages(MapSize(1, 8, 8), count: 64, classes: 3)
        let experiment = TrainingExperiment(
            .norms, extent: .short, train: images, test: ImageSource(images.images, images.preprocessing), seed: 1,
            run: RunOptions(threads: 1, isa: .best))
        await #expect(throws: Cancelled.self) { try await experiment.run(cancelled: { true }) }
    }
}
