import OnnxProto

/// The nodes of a graph in an order in which each finds its inputs: that of the file if it is one.
struct NodeOrder {
    let nodes: [OnnxNode]

    /// Sorts nodes, `known` being the names that need no node.
    ///
    /// - Throws: the name of a tensor that no node before its reader can write.
    init(of all: [OnnxNode], known initial: Set<String>) throws(OnnxError) {
        var known = initial
        if all.allSatisfy({ node in
            let ready = node.input.allSatisfy { $0.isEmpty || known.contains($0) }
            known.formUnion(node.output)
            return ready
        }) {
            nodes = all
            return
        }
        // Not in order: Kahn's algorithm over the names still missing.
        known = initial
        var waiting: [String: [Int]] = [:]
        var missing = [Int](repeating: 0, count: all.count)
        var ready: [Int] = []
        for (index, node) in all.enumerated() {
            let names = Set(node.input).filter { !$0.isEmpty && !known.contains($0) }
            for name in names { waiting[name, default: []].append(index) }
            missing[index] = names.count
            if names.isEmpty { ready.append(index) }
        }
        var order: [OnnxNode] = []
        var next = 0
        while next < ready.count {
            let node = all[ready[next]]
            next += 1
            order.append(node)
            for name in Set(node.output) where !name.isEmpty {
                for index in waiting.removeValue(forKey: name) ?? [] {
                    missing[index] -= 1
                    if missing[index] == 0 { ready.append(index) }
                }
            }
        }
        if order.count < all.count, let stuck = all.indices.first(where: { missing[$0] > 0 }) {
            let tensor = all[stuck].input.first { waiting[$0] != nil } ?? ""
            throw .unresolved(node: all[stuck].name.isEmpty ? all[stuck].opType : all[stuck].name, tensor: tensor)
        }
        nodes = order
    }
}
