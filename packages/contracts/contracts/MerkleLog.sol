// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Merkle proofs of an append-only log
/// @notice Verifies the inclusion and consistency proofs of RFC 6962 and RFC 9162 section 2.1 over SHA-256.
/// @dev Why not a sorted-pair tree: sorting the children throws away which side a hash came from, so such a proof
/// binds neither the index of a leaf nor the size of the tree, and "the old log is a prefix of the new one" cannot be
/// stated at all. Leaves are hashed with the prefix 0x00 and nodes with 0x01, so that no node can pose as a leaf.
///
/// Every function is total: a malformed proof gives `false`, never a revert and never an unbounded loop. Sizes are
/// uint64 and each proof element consumes a bit of the size, so at most 64 elements are ever read.
library MerkleLog {
    /// @notice The root of the log without leaves: SHA-256 of the empty string (RFC 9162 section 2.1.1).
    bytes32 internal constant EMPTY_ROOT = 0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855;

    /// @notice Whether the leaf hash `leaf` stands at `index` in the log of `size` leaves with root `root`.
    /// @dev RFC 9162 section 2.1.3.2; `fn` and `sn` are the names the standard uses. `leaf` is the leaf's hash, not
    /// its data: a caller that passes 64 bytes of data as a "leaf" could be shown a node in its place.
    function verifyInclusion(
        bytes32 leaf,
        uint64 index,
        uint64 size,
        bytes32 root,
        bytes32[] calldata proof
    ) internal view returns (bool) {
        if (index >= size) return false;
        uint256 fn = index;
        uint256 sn = size - 1;
        bytes32 hash = leaf;
        uint256 length = proof.length;
        unchecked {
            for (uint256 i = 0; i < length; ++i) {
                if (sn == 0) return false;
                if (fn & 1 == 1) {
                    hash = hashChildren(proof[i], hash);
                } else if (fn == sn) {
                    hash = hashChildren(proof[i], hash);
                    (fn, sn) = _skipLevelsWithoutSibling(fn, sn);
                } else {
                    hash = hashChildren(hash, proof[i]);
                }
                fn >>= 1;
                sn >>= 1;
            }
        }
        return sn == 0 && hash == root;
    }

    /// @notice Whether the log of `size1` leaves with root `root1` is a prefix of the one of `size2` with `root2`.
    /// @dev RFC 9162 section 2.1.4.2. Both roots are recomputed from the same proof elements: that is what makes a
    /// fork, a removed leaf or a reordered one impossible to pass without a collision of SHA-256.
    function verifyConsistency(
        uint64 size1,
        uint64 size2,
        bytes32 root1,
        bytes32 root2,
        bytes32[] calldata proof
    ) internal view returns (bool) {
        if (size1 > size2) return false;
        // Only one log has no leaves, and every log continues it.
        if (size1 == 0) return proof.length == 0 && root1 == EMPTY_ROOT && (size2 != 0 || root2 == root1);
        if (size1 == size2) return proof.length == 0 && root1 == root2;

        (uint256 first, uint256 end) = boundsOf(proof);
        return isContinued(size1, size2, root1, root2, first, end);
    }

    /// @dev Where in the calldata the hashes of a proof start and end.
    function boundsOf(bytes32[] calldata proof) internal pure returns (uint256 first, uint256 end) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            first := proof.offset
            end := add(first, shl(5, proof.length))
        }
    }

    /// @dev `verifyConsistency` for 0 < size1 < size2, with the proof as the hashes in the calldata from `proof` to
    /// `proofEnd`: steps 2 to 7 of RFC 9162 section 2.1.4.2, from a node that both logs share up to both roots. In
    /// assembly because this loop is what an anchor costs: Solidity's own code for it spends half as much again.
    ///
    /// `level` is one bit and climbs; `fn` = size1 - 1 says on which side the sibling stands. Where that bit of `fn` is
    /// set, the sibling is on the left and belongs to both logs. Where it is not, the sibling is on the right and only the
    /// new log has it, as long as the two paths are apart; from where they meet on, both are the right edge of their logs,
    /// and a node without a sibling rises unhashed to the next bit that is set. Four siblings on the left in a row are
    /// taken at once, which is why the same four lines stand here five times: 500 gas of the dearest anchor.
    ///
    /// The loops go up the levels and not along the proof, so they end after at most 64 siblings. With too few elements
    /// they read on past them, with too many they stop before: either way `proof` does not end on `proofEnd`.
    ///
    /// Each log has its node, 65 bytes past the free memory pointer that hold 0x01 || left || right. The hash so far
    /// always stands as the right child, where a digest is put and where the next step is most likely to need it. The
    /// precompile at 0x02 cannot fail but for want of gas, and then the 1/64 of less than 100 that is left pays for
    /// nothing more: the call reverts, and no stale hash is ever compared.
    // solhint-disable-next-line function-max-lines
    function isContinued(
        uint256 size1,
        uint256 size2,
        bytes32 root1,
        bytes32 root2,
        uint256 proof,
        uint256 proofEnd
    ) internal view returns (bool isConsistent) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let node1 := mload(0x40)
            let left1 := add(node1, 0x01)
            let hash1 := add(node1, 0x21)
            let node2 := add(node1, 0x60)
            let left2 := add(node2, 0x01)
            let hash2 := add(node2, 0x21)
            mstore8(node1, 0x01)
            mstore8(node2, 0x01)
            // Step 3: up to where the old log's last leaf is a left child, past the ones that `fn` ends in.
            let level := and(size1, sub(0, size1))
            // When the old log is a perfect tree its root is itself the first node, and the proof leaves it out.
            let first := root1
            if xor(size1, level) {
                first := calldataload(proof)
                proof := add(proof, 0x20)
            }
            mstore(hash1, first)
            mstore(hash2, first)
            // There is no room on the stack for two more names: from here on `size2` is where the paths are apart, and
            // `size1` is `fn` with its bits turned over.
            size2 := xor(sub(size1, 1), sub(size2, 1))
            size1 := not(sub(size1, 1))
            for {} 1 {} {
                for {} iszero(and(size1, mul(level, 15))) {} {
                    mstore(left1, calldataload(proof))
                    mstore(left2, calldataload(proof))
                    pop(staticcall(gas(), 0x02, node1, 0x41, hash1, 0x20))
                    pop(staticcall(gas(), 0x02, node2, 0x41, hash2, 0x20))
                    mstore(left1, calldataload(add(proof, 0x20)))
                    mstore(left2, calldataload(add(proof, 0x20)))
                    pop(staticcall(gas(), 0x02, node1, 0x41, hash1, 0x20))
                    pop(staticcall(gas(), 0x02, node2, 0x41, hash2, 0x20))
                    mstore(left1, calldataload(add(proof, 0x40)))
                    mstore(left2, calldataload(add(proof, 0x40)))
                    pop(staticcall(gas(), 0x02, node1, 0x41, hash1, 0x20))
                    pop(staticcall(gas(), 0x02, node2, 0x41, hash2, 0x20))
                    mstore(left1, calldataload(add(proof, 0x60)))
                    mstore(left2, calldataload(add(proof, 0x60)))
                    pop(staticcall(gas(), 0x02, node1, 0x41, hash1, 0x20))
                    pop(staticcall(gas(), 0x02, node2, 0x41, hash2, 0x20))
                    level := shl(4, level)
                    proof := add(proof, 0x80)
                }
                for {} iszero(and(size1, level)) {} {
                    mstore(left1, calldataload(proof))
                    mstore(left2, calldataload(proof))
                    pop(staticcall(gas(), 0x02, node1, 0x41, hash1, 0x20))
                    pop(staticcall(gas(), 0x02, node2, 0x41, hash2, 0x20))
                    level := shl(1, level)
                    proof := add(proof, 0x20)
                }
                if gt(level, size2) {
                    let rest := and(not(size1), sub(0, level))
                    if iszero(rest) {
                        break
                    }
                    level := and(rest, sub(0, rest))
                    continue
                }
                mstore(left2, mload(hash2))
                mstore(hash2, calldataload(proof))
                pop(staticcall(gas(), 0x02, node2, 0x41, hash2, 0x20))
                level := shl(1, level)
                proof := add(proof, 0x20)
            }
            isConsistent := and(eq(proof, proofEnd), and(eq(mload(hash1), root1), eq(mload(hash2), root2)))
        }
    }

    /// @notice The hash of an inner node: SHA-256(0x01 || left || right).
    function hashChildren(bytes32 left, bytes32 right) internal view returns (bytes32 hash) {
        // Solidity's own sha256() copies its argument through memory twice; a proof of 40 hashes would cost 15,000
        // gas more. The 65 bytes are laid out past the free memory pointer, which stays where it is.
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore8(buffer, 0x01)
            mstore(add(buffer, 0x01), left)
            mstore(add(buffer, 0x21), right)
            // The precompile at 0x02 cannot fail but for want of gas, and then the 1/64 left cannot finish the call.
            if iszero(staticcall(gas(), 0x02, buffer, 0x41, 0x00, 0x20)) {
                revert(0x00, 0x00)
            }
            hash := mload(0x00)
        }
    }

    /// @dev The rightmost node of a level may have no sibling; it then rises unhashed until it is a right child.
    function _skipLevelsWithoutSibling(uint256 fn, uint256 sn) private pure returns (uint256, uint256) {
        while (fn & 1 == 0 && fn != 0) {
            fn >>= 1;
            sn >>= 1;
        }
        return (fn, sn);
    }
}
