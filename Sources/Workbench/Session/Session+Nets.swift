internal import Quant

/// Several nets that are open at a time, of which one is explored.
extension Session {
    /// Explores another net, and keeps this one as it is: with its choices and what can be undone.
    ///
    /// A net that is open already is gone to.
    mutating func open(_ subject: Subject) -> [Effect] {
        guard subject.sha256 != self.subject.sha256 else {
            notice = Notice(.note, "\(self.subject.name) is the net explored already")
            return []
        }
        var rest = others
        let known = rest.firstIndex { $0.subject.sha256 == subject.sha256 }.map { rest.remove(at: $0) }
        let next = known ?? Session(subject, configuration: Configuration(.standard, for: subject.net))
        let name = self.subject.name
        let effects = leave(for: next, others: { rest + [$0] })
        notice = Notice(
            .success,
            known == nil
                ? "opened \(subject.name); O goes back to \(name) (measured on the images it was tested on)"
                : "\(subject.name) was open already; O goes back to \(name)")
        return effects
    }

    /// Explores the net again that was explored before; this one becomes the last to be gone to.
    mutating func back() -> [Effect] {
        guard let next = others.last else {
            notice = Notice(.note, "no other net is open: o in the training view opens one that was trained")
            return []
        }
        let rest = Array(others.dropLast())
        let effects = leave(for: next, others: { [$0] + rest })
        notice = Notice(.success, "back at \(subject.name); O goes to \(otherNets.last ?? "")")
        return effects
    }

    /// Goes to another net; what runs for this one ends.
    private mutating func leave(for next: Session, others place: (Session) -> [Session]) -> [Effect] {
        var left = self
        left.others = []
        left.notice = nil
        left.sensitivity.progress = nil
        left.theory.pending = []
        let (training, number) = (training, number + 1)
        self = next
        self.training = training
        self.number = number
        others = place(left)
        stopped = nil
        guard let plan else { return start }
        return [.measure(generation: generation, plan)]
    }
}
