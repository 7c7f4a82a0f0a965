// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleLog} from "../../contracts/MerkleLog.sol";
import {ReferenceLog} from "./ReferenceLog.sol";

/// @notice Fuzz tests of the verifiers against the definitions, on logs of up to 200 leaves.
contract MerkleLogTest {
    uint256 private constant LARGEST = 200;

    // The verifiers read calldata, so the tests go through calls of their own contract.
    function isIncluded(
        bytes32 leaf,
        uint64 index,
        uint64 size,
        bytes32 root,
        bytes32[] calldata proof
    ) external view returns (bool) {
        return MerkleLog.verifyInclusion(leaf, index, size, root, proof);
    }

    function isPrefix(
        uint64 size1,
        uint64 size2,
        bytes32 root1,
        bytes32 root2,
        bytes32[] calldata proof
    ) external view returns (bool) {
        return MerkleLog.verifyConsistency(size1, size2, root1, root2, proof);
    }

    function testFuzz_acceptsInclusion(uint256 seed, uint256 size, uint256 index) external view {
        size = 1 + (size % LARGEST);
        index %= size;
        bytes32[] memory leaves = ReferenceLog.leavesOf(seed, size);
        bytes32 root = ReferenceLog.root(leaves, 0, size);
        bytes32[] memory proof = ReferenceLog.inclusion(leaves, index, 0, size);
        assert(this.isIncluded(leaves[index], uint64(index), uint64(size), root, proof));
    }

    function testFuzz_refusesOtherLeafIndexOrProof(
        uint256 seed,
        uint256 size,
        uint256 index,
        uint256 otherIndex,
        bytes32 noise
    ) external view {
        size = 2 + (size % LARGEST);
        index %= size;
        otherIndex %= size;
        if (otherIndex == index) otherIndex = (index + 1) % size;
        bytes32[] memory leaves = ReferenceLog.leavesOf(seed, size);
        bytes32 root = ReferenceLog.root(leaves, 0, size);
        bytes32[] memory proof = ReferenceLog.inclusion(leaves, index, 0, size);
        assert(!this.isIncluded(noise, uint64(index), uint64(size), root, proof));
        assert(!this.isIncluded(leaves[otherIndex], uint64(index), uint64(size), root, proof));
        assert(!this.isIncluded(leaves[index], uint64(otherIndex), uint64(size), root, proof));
        assert(!this.isIncluded(leaves[index], uint64(index), uint64(size), root, ReferenceLog.append(proof, noise)));
        proof[uint256(noise) % proof.length] ^= bytes32(uint256(1) << (otherIndex % 256));
        assert(!this.isIncluded(leaves[index], uint64(index), uint64(size), root, proof));
    }

    function testFuzz_acceptsConsistency(uint256 seed, uint256 size1, uint256 size2) external view {
        size2 = 1 + (size2 % LARGEST);
        size1 %= size2 + 1;
        bytes32[] memory leaves = ReferenceLog.leavesOf(seed, size2);
        assert(
            this.isPrefix(
                uint64(size1),
                uint64(size2),
                ReferenceLog.root(leaves, 0, size1),
                ReferenceLog.root(leaves, 0, size2),
                ReferenceLog.consistency(leaves, size1, size2)
            )
        );
    }

    /// @dev A fork shares a prefix with the honest log and differs somewhere below the old head.
    function testFuzz_refusesFork(uint256 seed, uint256 size1, uint256 size2, uint256 changed) external view {
        size2 = 2 + (size2 % LARGEST);
        size1 = 1 + (size1 % (size2 - 1));
        changed %= size1;
        bytes32[] memory leaves = ReferenceLog.leavesOf(seed, size2);
        bytes32 root1 = ReferenceLog.root(leaves, 0, size1);
        bytes32[] memory honest = ReferenceLog.consistency(leaves, size1, size2);
        leaves[changed] = ~leaves[changed];
        bytes32 forkedRoot = ReferenceLog.root(leaves, 0, size2);
        bytes32[] memory forked = ReferenceLog.consistency(leaves, size1, size2);
        assert(!this.isPrefix(uint64(size1), uint64(size2), root1, forkedRoot, honest));
        assert(!this.isPrefix(uint64(size1), uint64(size2), root1, forkedRoot, forked));
    }

    /// @dev Whatever is sent, the verifiers answer; and only equal logs pass without knowledge of a proof.
    function testFuzz_answersAnything(
        uint64 a,
        uint64 b,
        bytes32 root1,
        bytes32 root2,
        bytes32[] calldata proof
    ) external view {
        assert(!this.isIncluded(root1, a, b, root2, proof) || (b == 1 && root1 == root2));
        bool isTrivial = a == b ? root1 == root2 : a == 0 && root1 == MerkleLog.EMPTY_ROOT;
        assert(!this.isPrefix(a, b, root1, root2, proof) || (isTrivial && proof.length == 0));
    }
}
