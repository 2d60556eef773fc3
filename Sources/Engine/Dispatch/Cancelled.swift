/// Thrown when work was abandoned at the caller's request; outputs written so far are incomplete.
public struct Cancelled: Error, Equatable {
    /// The one value.
    public init() {}
}
